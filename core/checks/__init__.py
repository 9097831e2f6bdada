"""Checks of a whole specification: what it costs, and that its parts fit one another."""
