"""Preparation of raw inputs: fitted on training rows, exported with the network."""
