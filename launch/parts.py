"""One part of the service by itself, as a container runs it: wait for what it needs, then become it."""

import os
from collections.abc import Callable, Mapping
from typing import NoReturn

from core.errors import TrainyardError
from core.settings import Settings, load_settings
from db.revisions import NEWEST_REVISION
from launch.commands import api_command, child_environment, worker_command
from launch.preflight import check_data_dir, check_log_level
from launch.refusing import tell_refusal
from launch.waiting import migrate_when_possible, wait_for_broker, wait_for_database


def run_api() -> int:
    """Serve HTTP once the database is ready. The broker may come later: queued runs wait in the database."""
    try:
        settings = _checked_settings()
        wait_for_database(settings, _say)
    except TrainyardError as error:
        return tell_refusal(error)
    return _become(api_command(settings), settings)


def run_worker() -> int:
    """Train, once database and broker are ready."""
    try:
        settings = _checked_settings()
        wait_for_database(settings, _say)
        wait_for_broker(settings, _say)
    except TrainyardError as error:
        return tell_refusal(error)
    return _become(worker_command(settings), settings)


def run_migration() -> int:
    """Bring the database to the newest revision, and end."""
    try:
        migrate_when_possible(load_settings(), _say)
    except TrainyardError as error:
        return tell_refusal(error)
    _say(f"The database is at revision {NEWEST_REVISION}.")
    return 0


def _checked_settings() -> Settings:
    settings = load_settings()
    check_log_level(settings.log_level)
    check_data_dir(settings.data_dir)
    return settings


def _become(command: list[str], settings: Settings) -> NoReturn:
    # No process stays in between: signals reach the part itself, and its memory is all there is.
    os.execve(command[0], command, child_environment(settings))  # noqa: S606 - a list written here, no shell.


def _say(text: str) -> None:
    print("trainyard:", text, flush=True)  # noqa: T201  # This is a program.


PARTS: Mapping[str, Callable[[], int]] = {"api": run_api, "worker": run_worker, "migrate": run_migration}
