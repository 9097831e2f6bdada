"""`trainyard backup`, `restore` and `doctor`: work on the data of a service on this machine.

They speak no HTTP, and work while no service answers. What they do is part of the service, which a plain client does
not have; so they start it as a program, in place of this one.
"""

import os
import sys
from importlib.util import find_spec
from typing import NoReturn

import typer

PROGRAM = "operations"
NEEDED = ("sqlalchemy", "alembic", "numpy", "pydantic_settings")
"""Packages of the service that a plain client is installed without."""
HOW_TO_INSTALL = "pip install --editable '.[service]'"
NOT_INSTALLED = 2

PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
"""Settings of a command whose options its program reads, `--help` too."""


def backup(context: typer.Context) -> None:
    """Copy database and files of the service on this machine to a new folder, while it runs."""
    _become("backup", context.args)


def restore(context: typer.Context) -> None:
    """Put a backup in the place of the data of the service on this machine."""
    _become("restore", context.args)


def doctor(context: typer.Context) -> None:
    """Check everything that the service on this machine has stored, and say how to mend what is wrong."""
    _become("doctor", context.args)


def _become(command: str, arguments: list[str]) -> NoReturn:
    """Replace this process by the program, which so gets every signal and returns its own exit code."""
    if any(find_spec(name) is None for name in (PROGRAM, *NEEDED)):
        typer.echo(
            f"Error: `trainyard {command}` works on the data of a service, on its machine, and no service is installed "
            f"here. Run it there, or in a checkout of Trainyard: {HOW_TO_INSTALL}",
            err=True,
        )
        raise typer.Exit(NOT_INSTALLED)
    sys.stdout.flush()
    # Without -P the folder that a person happens to be in would come before the packages of the service.
    os.execv(sys.executable, [sys.executable, "-P", "-m", PROGRAM, command, *arguments])  # noqa: S606 - no shell.
