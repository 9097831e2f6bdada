"""Datasets: loading of the samples of each source."""
