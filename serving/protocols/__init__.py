"""Wire forms of the protocols for predictions."""
