"""Arrays of samples: in memory, in files, cut or selected when they are read."""
