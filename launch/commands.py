"""Command lines of the two processes of a service."""

import os
import sys
from pathlib import Path

from core.settings import Settings, load_settings

# Time for requests in progress to be answered when the API stops.
API_STOP_SECONDS = 5

# A proxy closes idle connections sooner than this, so the API closes none just as the proxy sends a request.
KEEP_ALIVE_SECONDS = 75

LOGGING_FILE = Path(__file__).with_name("logging.json")


def api_command(settings: Settings) -> list[str]:
    """Return the command of the API: one process, or a program that starts several."""
    uvicorn = [
        *("uvicorn", "api.app:create_app", "--factory"),
        *("--loop", "uvloop", "--http", "httptools", "--lifespan", "on"),
        *("--timeout-graceful-shutdown", str(API_STOP_SECONDS)),
        *("--timeout-keep-alive", str(KEEP_ALIVE_SECONDS)),
        # Nothing here depends on the address or the scheme of the client, which a proxy would pass on.
        *("--no-access-log", "--no-server-header", "--no-proxy-headers", "--log-config", str(LOGGING_FILE)),
    ]
    if settings.api_processes == 1:
        return [sys.executable, "-m", *uvicorn, "--host", settings.host, "--port", str(settings.port)]
    several = [str(settings.api_processes), settings.host, settings.own_host, str(settings.port)]
    return [sys.executable, "-m", "launch.api_processes", *several, *uvicorn]


def worker_command(settings: Settings) -> list[str]:
    """Return the command of the worker."""
    return [
        # Celery warns a superuser because of pickle, which this app never accepts.
        *(sys.executable, "-W", "ignore:You're running the worker with superuser"),
        *("-m", "celery", "--quiet", "-A", "worker.celery_entry", "worker", "--pool", "threads"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        *("--loglevel", settings.log_level.upper()),
    ]


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of both processes."""
    return {
        **os.environ,
        # A port chosen by the launcher is not in the environment yet.
        "TRAINYARD_PORT": str(settings.port),
        # Lines are shown as they are written.
        "PYTHONUNBUFFERED": "1",
    }


def __getattr__(name: str) -> str:
    """Return LOG_LEVEL for `logging.json`, which refers to it by `ext://`."""
    if name == "LOG_LEVEL":
        return load_settings().log_level.upper()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
