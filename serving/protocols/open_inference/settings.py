"""Traces, logs and shared memory, which Triton lets clients set up: shown where there is something to show."""

from typing import Any

TRACE_SETTINGS: dict[str, Any] = {
    "trace_level": ["OFF"],
    "trace_rate": "0",
    "trace_count": "0",
    "log_frequency": "0",
    "trace_file": "",
    "trace_mode": "triton",
}
"""Requests are not traced."""

LOG_SETTINGS: dict[str, Any] = {
    "log_file": "",
    "log_info": True,
    "log_warnings": True,
    "log_errors": True,
    "log_verbose_level": 0,
    "log_format": "default",
}
"""The service logs to its standard error."""

TRACES_NOT_OFFERED = "Traces are not offered. GET /metrics and the statistics of models show how long requests take."

LOGS_NOT_OFFERED = "A client cannot change the log of the service; its operator can, with the settings of its start."

SHARED_MEMORY_NOT_OFFERED = "Shared memory is not offered. Send tensors in the request, as JSON or as binary data."


def describe_missing_region(region: str) -> str:
    """Return the error for a region of shared memory that nobody has registered."""
    return f"There is no shared memory region '{region}'. {SHARED_MEMORY_NOT_OFFERED}"
