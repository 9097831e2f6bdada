"""Checkpoints: the state of a training, saved so that another process goes on to the same bits."""
