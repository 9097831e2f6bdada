"""Signatures: stored with a model by training, so that serving encodes its inputs the same way."""
