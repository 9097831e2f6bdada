"""Models in memory: what the registry says of them, and their networks."""
