"""Specs: validate one, and the schema they follow."""
