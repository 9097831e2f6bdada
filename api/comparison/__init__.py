"""Comparison of runs: their order, their specs, and their curves side by side."""
