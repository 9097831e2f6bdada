"""Explanation of single predictions: what each column or part of an image contributes, by forward passes alone."""
