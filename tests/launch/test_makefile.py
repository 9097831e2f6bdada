"""Each Python version has a virtual environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = ".".join(map(str, sys.version_info[:2]))


def make(*words):
    # The make that runs the tests hands its own variables on.
    environment = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "PYTHON"}}
    return subprocess.run(["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def pretend_python(path, version):
    """Return a program that reports itself as Python of this version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "target", ["test", "test-compose", "mutants", "lint", "up", "demo", "reproduce", "bench-training", "lock"]
)
def test_every_command_is_run_from_the_virtual_environment_that_is_named(target, tmp_path):
    done = make("--dry-run", target, f"VENV={tmp_path}/mine")
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/mine/bin/" in done.stdout
    assert ".venv/" not in done.stdout


def test_a_virtual_environment_of_another_python_is_not_taken_for_the_one_that_is_named(tmp_path):
    pretend_python(tmp_path / "mine/bin/python", "3.10")
    done = make("same-python", f"VENV={tmp_path}/mine", f"PYTHON={sys.executable}")
    assert done.returncode != 0
    assert f"{tmp_path}/mine holds Python 3.10; PYTHON={sys.executable} is {HERE}." in done.stderr
    assert f"make VENV=.venv-{HERE} PYTHON={sys.executable}" in done.stderr


def test_a_virtual_environment_of_the_python_that_is_named_is_used(tmp_path):
    pretend_python(tmp_path / "mine/bin/python", HERE)
    done = make("same-python", f"VENV={tmp_path}/mine", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr


def test_a_python_that_does_not_run_is_reported(tmp_path):
    pretend_python(tmp_path / "mine/bin/python", HERE)
    done = make("same-python", f"VENV={tmp_path}/mine", f"PYTHON={tmp_path}/none")
    assert done.returncode != 0
    assert f"PYTHON={tmp_path}/none does not run." in done.stderr


def test_no_python_need_be_named(tmp_path):
    pretend_python(tmp_path / "mine/bin/python", HERE)
    done = make("same-python", f"VENV={tmp_path}/mine")
    assert done.returncode == 0, done.stderr
