"""The catalogue of specs that are ready to run."""
