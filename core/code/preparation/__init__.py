"""Preparation: the source that makes the network's inputs and the loss's targets of raw samples."""
