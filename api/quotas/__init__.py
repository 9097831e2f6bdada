"""Quotas: limits and use of submitters."""
