"""Code: the Keras program of a run, or of a spec."""
