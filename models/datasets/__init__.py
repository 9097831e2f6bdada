"""Datasets: how the samples of each source come about."""
