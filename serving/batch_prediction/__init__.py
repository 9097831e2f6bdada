"""Answers of a network to the rows of an uploaded dataset, in parts that survive the end of the process."""
