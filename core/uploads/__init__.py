"""Uploaded datasets: what is known of one, and where it lies."""
