"""Formatting of answers for a terminal. Only the live bar needs rich."""
