"""Checks of a whole spec: that its parts fit together, and that its cost is within the limits."""
