"""API keys: make, list, revoke."""
