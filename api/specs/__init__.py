"""Specs: validation and JSON schema."""
