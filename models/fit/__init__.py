"""The one way to train a network."""
