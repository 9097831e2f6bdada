"""Predictions: a small app of its own, which answers the protocols of serving clients."""
