"""Datasets: the specification of each source of samples, and the arrays that it gives."""
