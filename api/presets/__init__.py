"""Catalogue of specs that are ready to run."""
