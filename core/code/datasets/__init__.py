"""Datasets: the source that loads the samples of each, as models/datasets loads them."""
