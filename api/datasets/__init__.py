"""Datasets: upload, describe, download, delete."""
