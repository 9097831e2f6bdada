"""The model registry: versions and aliases."""
