"""Losses, metrics, optimizers and weights of samples, in source."""
