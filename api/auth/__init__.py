"""Authentication, scopes and origins."""
