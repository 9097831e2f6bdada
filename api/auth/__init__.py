"""Access: keys, scopes, origins."""
