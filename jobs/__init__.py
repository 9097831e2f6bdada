"""Contract between API and workers: the Celery app and the doorbell."""
