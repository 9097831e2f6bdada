"""The commands of `trainyard`, one module per family."""
