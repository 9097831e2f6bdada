"""Start of the service, whole or one part alone."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from core.errors import TrainyardError
from core.settings import Settings, load_settings
from db.upgrade import NEWEST_REVISION, upgrade_database
from launch.child import Child
from launch.commands import api_command, child_environment, worker_command
from launch.messages import Output, banner, print_error
from launch.preflight import (
    check_admin_key,
    check_data_dir,
    check_log_level,
    choose_port,
    migrate_when_possible,
    wait_for_broker,
    wait_for_database,
)
from launch.readiness import Readiness
from launch.service import Service, Watch
from launch.training_watch import TrainingWatch

MakeCommand = Callable[[Settings], list[str]]


def start(make_api_command: MakeCommand = api_command, make_worker_command: MakeCommand = worker_command) -> int:
    """Check the setup, upgrade the database and run the service to its end; return the exit code.

    An invalid setup is reported in one line on standard error.
    """
    try:
        settings = _prepared_settings()
    except TrainyardError as error:
        return print_error(error)
    output = Output(sys.stdout)
    environment = child_environment(settings)
    api = Child("api", make_api_command(settings), environment)
    worker = Child("worker", make_worker_command(settings), environment)
    watches: list[Watch] = [
        Readiness(settings.own_host, settings.port, on_ready=lambda: output.write(banner(settings))),
        TrainingWatch(settings, lambda: worker.pid, output.write),
    ]
    return Service([api, worker], output, watches).run()


def run_api() -> int:
    """Serve HTTP once the database is ready. The broker may start later: queued runs wait in the database."""
    try:
        settings = _checked_settings()
        wait_for_database(settings, _log)
    except TrainyardError as error:
        return print_error(error)
    return _become(api_command(settings), settings)


def run_worker() -> int:
    """Train runs, once database and broker are ready."""
    try:
        settings = _checked_settings()
        wait_for_database(settings, _log)
        wait_for_broker(settings, _log)
    except TrainyardError as error:
        return print_error(error)
    return _become(worker_command(settings), settings)


def run_migration() -> int:
    """Upgrade the database to the newest revision, then exit."""
    try:
        migrate_when_possible(load_settings(), _log)
    except TrainyardError as error:
        return print_error(error)
    _log(f"The database is at revision {NEWEST_REVISION}.")
    return 0


def _prepared_settings() -> Settings:
    """Return the settings with a free port, once the database is upgraded."""
    settings = _checked_settings()
    port = choose_port(settings.host, settings.port)
    upgrade_database(settings.effective_database_url)
    check_admin_key(settings)
    return settings.model_copy(update={"port": port})


def _checked_settings() -> Settings:
    settings = load_settings()
    check_log_level(settings.log_level)
    check_data_dir(settings.data_dir)
    return settings


def _become(command: list[str], settings: Settings) -> NoReturn:
    # The part replaces this process: signals reach it directly, and no other process takes memory.
    os.execve(command[0], command, child_environment(settings))  # noqa: S606 - a list written here, no shell.


def _log(text: str) -> None:
    print("trainyard:", text, flush=True)  # noqa: T201  # This is a program.


PARTS: Mapping[str, Callable[[], int]] = {"api": run_api, "worker": run_worker, "migrate": run_migration}
