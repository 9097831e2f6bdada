"""Runs as other tools keep them."""
