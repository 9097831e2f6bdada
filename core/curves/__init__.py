"""Curves of runs as arrays: their points, views and averages."""
