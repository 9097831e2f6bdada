"""Health and readiness of the service."""
