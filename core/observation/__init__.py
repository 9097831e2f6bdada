"""Comparison of the inputs and answers of a served model with those of its training samples."""
