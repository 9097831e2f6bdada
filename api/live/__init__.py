"""Live events: read once for each process, told to every listener."""
