"""Stands where the package of this name stands, for what a test can not have the real one do at will."""
