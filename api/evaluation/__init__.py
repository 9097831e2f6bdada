"""Evaluation reports of runs, in numbers and as pictures."""
