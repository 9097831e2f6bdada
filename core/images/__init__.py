"""Image files: which are read, what their pixels are, and how they are fitted to a size."""
