"""Replaces the package of this name in tests, for behaviour that the real one does not show on demand."""
