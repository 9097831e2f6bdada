"""Execution plans of a fit, and the choice among them."""
