"""Arrays of samples: in memory or in files, with rows and windows that are selected when they are read."""
