"""Filters: the language that finds runs by their fields, from text to a tree of typed conditions."""
