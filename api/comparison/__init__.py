"""Comparison of runs: their curves side by side."""
