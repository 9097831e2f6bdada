"""From a dataset reference to seeded arrays."""
