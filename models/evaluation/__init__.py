"""Evaluation of a trained network on held-out samples."""
