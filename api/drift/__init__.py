"""Drift of model versions: what they are asked and answer, against their training samples."""
