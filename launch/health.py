"""`python -m launch healthy api|worker`: what a container's health check asks, inside the container."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import InvalidSetup, TrainyardError
from core.settings import Settings, load_settings
from launch.readiness import answers
from launch.refusing import tell_refusal

ALIVE_SECONDS = 60.0
"""How old the sign of life of a worker may be. It gives one every few seconds, but a frozen database holds it up."""


def is_api_healthy(settings: Settings) -> bool:
    """Whether the API on this machine answers; not whether the database does, which no restart of it would mend."""
    return answers(settings.own_host, settings.port)


def is_worker_healthy(settings: Settings) -> bool:
    """Whether the worker gave a sign of life lately.

    Raises:
        InvalidSetup: If it was not told where.
    """
    if not settings.alive_file:
        raise InvalidSetup("TRAINYARD_ALIVE_FILE is not set. Set it for the worker and for this check.")
    try:
        age_seconds = time.time() - Path(settings.alive_file).stat().st_mtime
    except OSError:
        return False
    return age_seconds < ALIVE_SECONDS


CHECKS: Mapping[str, Callable[[Settings], bool]] = {"api": is_api_healthy, "worker": is_worker_healthy}


def tell_health(part: str) -> int:
    """Returns 0 if it is well, else 1."""
    try:
        return 0 if CHECKS[part](load_settings()) else 1
    except TrainyardError as error:
        return tell_refusal(error)
