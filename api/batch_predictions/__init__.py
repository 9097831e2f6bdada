"""Batch predictions: answers of a model to the rows of an uploaded dataset, as a job on the workers."""
