"""The two processes a service consists of, as command lines."""

import os
import sys
from pathlib import Path

from core.settings import Settings, load_settings

# Requests under way when the API is told to stop have this long to be answered.
API_STOP_SECONDS = 5

# A proxy in front closes idle connections sooner than this, so none is closed here just as it sends a request.
KEEP_ALIVE_SECONDS = 75

LOGGING_FILE = Path(__file__).with_name("logging.json")


def api_command(settings: Settings) -> list[str]:
    """The command that serves HTTP."""
    return [
        *(sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--loop", "uvloop", "--http", "httptools", "--lifespan", "on"),
        *("--timeout-graceful-shutdown", str(API_STOP_SECONDS)),
        *("--timeout-keep-alive", str(KEEP_ALIVE_SECONDS)),
        *("--no-access-log", "--no-server-header", "--log-config", str(LOGGING_FILE)),
    ]


def worker_command(settings: Settings) -> list[str]:
    """The command that trains."""
    return [
        # Celery warns a superuser because of pickle, which this app accepts from nobody.
        *(sys.executable, "-W", "ignore:You're running the worker with superuser"),
        *("-m", "celery", "--quiet", "-A", "worker.celery_entry", "worker", "--pool", "threads"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        *("--loglevel", settings.log_level.upper()),
    ]


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment of both."""
    return {
        **os.environ,
        # A port chosen by the launcher is in no variable yet.
        "TRAINYARD_PORT": str(settings.port),
        # Lines reach the terminal as they are written.
        "PYTHONUNBUFFERED": "1",
    }


def __getattr__(name: str) -> str:
    """Give `logging.json` the level, as LOG_LEVEL: it refers to it by `ext://`, Python's way to name a value there."""
    if name == "LOG_LEVEL":
        return load_settings().log_level.upper()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
