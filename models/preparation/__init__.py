"""Preparation of raw inputs: fitted on training samples, exported with the network."""
