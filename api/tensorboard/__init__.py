"""Runs as TensorBoard's event files."""
