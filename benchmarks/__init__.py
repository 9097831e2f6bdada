"""Benchmarks behind the project's claims about speed; each measures both sides in one run."""
