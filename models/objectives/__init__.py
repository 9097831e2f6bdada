"""Losses, metrics, optimizers and weights of samples."""
