"""Evaluation reports of runs, as JSON and as images."""
