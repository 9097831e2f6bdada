"""Webhooks: who is told of ended runs."""
