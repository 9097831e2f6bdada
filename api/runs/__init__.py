"""Runs: submit, list, show, cancel, delete."""
