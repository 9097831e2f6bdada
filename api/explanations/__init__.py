"""Explanations of single predictions."""
