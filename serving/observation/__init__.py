"""Observation of what a model is asked and answers, off the path of requests."""
