"""Keeping and finding runs and metrics, beside an `mlflow server` on the same machine."""
