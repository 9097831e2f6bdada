"""The `trainyard` command line."""
