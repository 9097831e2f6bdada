import os
import sys

import pytest

from trainyard.command_line.commands import operating


@pytest.fixture
def started(monkeypatch):
    """Command lines that a command would have replaced this process by."""
    found = []

    def replace(program, arguments):
        found.append((program, arguments))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", replace)
    return found


@pytest.mark.parametrize(
    ("command", "options"),
    [("backup", ["folder", "--link-to", "earlier"]), ("restore", ["--replace", "folder"]), ("doctor", ["--help"])],
)
def test_a_command_becomes_the_program_with_its_options(invoke, started, command, options):
    assert invoke(command, *options).exit_code == 0
    assert started == [(sys.executable, [sys.executable, "-P", "-m", "operations", command, *options])]


@pytest.mark.parametrize("missing", ["operations", "sqlalchemy"])
def test_a_plain_client_says_that_the_service_is_not_installed(invoke, started, monkeypatch, missing):
    monkeypatch.setattr(operating, "find_spec", lambda name: None if name == missing else object())
    result = invoke("doctor")
    assert (result.exit_code, result.stdout, started) == (2, "", [])
    assert result.stderr == (
        "Error: `trainyard doctor` works on the data of a service, on its machine, and no service is installed here. "
        "Run it there, or in a checkout of Trainyard: pip install --editable '.[service]'\n"
    )
