"""Model registry: versions and aliases."""
