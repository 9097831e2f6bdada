"""Health of API and worker, for the health checks of containers."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import InvalidSetup, TrainyardError
from core.settings import Settings, load_settings
from launch.messages import print_error
from launch.readiness import answers

ALIVE_SECONDS = 60.0
"""Greatest age of a worker's alive file. It is touched every few seconds, but a frozen database can delay that."""


def is_api_healthy(settings: Settings) -> bool:
    """Return True if the API on this machine answers, even without its database, which no restart of it would fix."""
    return answers(settings.own_host, settings.port)


def is_worker_healthy(settings: Settings) -> bool:
    """Return True if the worker has touched its alive file lately.

    Raises:
        InvalidSetup: If the settings name no alive file.
    """
    if not settings.alive_file:
        raise InvalidSetup("TRAINYARD_ALIVE_FILE is not set. Set it for the worker and for this check.")
    try:
        age_seconds = time.time() - Path(settings.alive_file).stat().st_mtime
    except OSError:
        return False
    return age_seconds < ALIVE_SECONDS


CHECKS: Mapping[str, Callable[[Settings], bool]] = {"api": is_api_healthy, "worker": is_worker_healthy}


def report_health(part: str) -> int:
    """Check a part of the service; return the exit code, 0 if it is healthy."""
    try:
        return 0 if CHECKS[part](load_settings()) else 1
    except TrainyardError as error:
        return print_error(error)
