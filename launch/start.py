"""From settings to a running service."""

import sys
from collections.abc import Callable

from core.errors import TrainyardError
from core.settings import Settings, load_settings
from launch.child import Child
from launch.commands import api_command, child_environment, worker_command
from launch.output import Output
from launch.preflight import check_admin_key, check_data_dir, check_log_level, choose_port, prepare_database
from launch.readiness import Readiness, banner
from launch.refusing import tell_refusal
from launch.service import Service

MakeCommand = Callable[[Settings], list[str]]


def start(make_api_command: MakeCommand = api_command, make_worker_command: MakeCommand = worker_command) -> int:
    """Check the setup, upgrade the database and run the service to its end; returns the exit code.

    A setup that can not be used is refused in one line on standard error.
    """
    try:
        settings = _checked_settings()
    except TrainyardError as error:
        return tell_refusal(error)
    output = Output(sys.stdout)
    environment = child_environment(settings)
    children = [
        Child("api", make_api_command(settings), environment),
        Child("worker", make_worker_command(settings), environment),
    ]
    readiness = Readiness(settings.own_host, settings.port, on_ready=lambda: output.write(banner(settings)))
    return Service(children, output, readiness).run()


def _checked_settings() -> Settings:
    """The settings, with a port chosen and the database ready."""
    settings = load_settings()
    check_log_level(settings.log_level)
    check_data_dir(settings.data_dir)
    port = choose_port(settings.host, settings.port)
    prepare_database(settings.effective_database_url)
    check_admin_key(settings)
    return settings.model_copy(update={"port": port})
