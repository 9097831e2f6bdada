"""Retention: the policy by which old runs are deleted, and its use."""
