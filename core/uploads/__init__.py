"""Uploaded datasets: descriptions, folders and the store."""
