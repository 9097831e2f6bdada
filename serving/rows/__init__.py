"""Rows of a request, in any of the forms that a model accepts, to a batch."""
