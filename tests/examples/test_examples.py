"""Runs every file in examples/ against a service that requires keys, like one that other machines can reach."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from core.api_keys import make_key

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

# Files that are not programs: shared functions, data and documentation.
SHARED = {"README.md", "service.sh", "seven.png", "flowers.csv"}
PROGRAMS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_file() and path.name not in SHARED)
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.sh"))

# Long enough that only a hang reaches it.
HANG_SECONDS = 300


def run(name, **environment):
    path = EXAMPLES / name
    command = [sys.executable, path] if path.suffix == ".py" else [path]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory, find_free_port):
    """Environment of a client of a running service: its URL and an admin key."""
    folder = tmp_path_factory.mktemp("service")
    port = str(find_free_port())
    key = make_key().reveal()
    environment = {
        **os.environ,
        "TRAINYARD_DATA_DIR": str(folder / "var"),
        "TRAINYARD_PORT": port,
        "TRAINYARD_SPARE_TRAINERS": "0",
        "TRAINYARD_BOOTSTRAP_KEY": key,
        "TRAINYARD_WEBHOOK_HOSTS": "hooks.example.org",
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "launch"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + HANG_SECONDS
        while "Trainyard is ready." not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield {"TRAINYARD_URL": f"http://127.0.0.1:{port}", "TRAINYARD_KEY": key}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(HANG_SECONDS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_example_gets_the_documented_responses(service, name):
    ended = run(name, **service)
    assert ended.returncode == 0, f"{ended.stdout[-3000:]}\n{ended.stderr}"
    assert ended.stderr == ""


@pytest.mark.parametrize("page", ["README.md", "docs/client.md"])
def test_the_python_of_a_page_prints_what_the_page_says(service, page, tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    program = "\n".join(blocks).replace('"http://127.0.0.1:8000"', repr(service["TRAINYARD_URL"]))
    expected = re.findall(r"^ *print\(.*\)  # (.*)$", program, re.MULTILINE)
    assert expected
    assert len(expected) == program.count("print(")
    (tmp_path / "page.py").write_text(program)
    ended = run(tmp_path / "page.py", **service)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == expected


def test_the_service_of_these_tests_lets_nobody_in_without_a_key(service):
    assert httpx.get(f"{service['TRAINYARD_URL']}/v1/runs").status_code == 401


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in {"01-health.sh"}])
def test_an_example_without_a_key_fails_and_shows_the_error(service, name):
    ended = run(name, **{**service, "TRAINYARD_KEY": ""})
    assert ended.returncode == 1
    assert "401" in ended.stderr or "API key" in ended.stderr


@pytest.mark.parametrize(
    "name", ["02-presets.sh", "python_client.py", "python_async_client.py", "python_without_client.py"]
)
def test_an_example_without_a_service_says_so(name, find_free_port):
    ended = run(name, TRAINYARD_URL=f"http://127.0.0.1:{find_free_port()}")
    assert ended.returncode == 1
    assert "No answer from" in ended.stderr or "No Trainyard answers" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unexpected_response_fails_an_example(tmp_path):
    (tmp_path / "curl").write_text("#!/bin/sh\nprintf '%s\\n200' '{\"status\":\"asleep\"}'\n")
    (tmp_path / "curl").chmod(0o755)
    ended = run("01-health.sh", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert ended.returncode == 1
    assert 'Expected "status":"ok" in the response, got: {"status":"asleep"}' in ended.stderr


def test_no_command_line_holds_the_key(tmp_path):
    (tmp_path / "curl").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\n'
        'while [ "$1" != --config ]; do shift; done\n'
        f"cat \"$2\" >> {tmp_path}/settings\nprintf '\\n404'\n"
    )
    (tmp_path / "curl").chmod(0o755)
    run("01-health.sh", PATH=f"{tmp_path}:{os.environ['PATH']}", TRAINYARD_KEY="ty_prefix_secret")
    assert "/healthz" in (tmp_path / "arguments").read_text()
    assert "ty_prefix_secret" not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "settings").read_text() == 'header = "Authorization: Bearer ty_prefix_secret"\n'


def test_every_script_passes_shellcheck():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run(
        [shellcheck, "--external-sources", *SCRIPTS], cwd=EXAMPLES, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name.endswith(".sh")])
def test_each_script_can_be_started_and_stops_at_the_first_failure(name):
    path = EXAMPLES / name
    assert os.access(path, os.X_OK)
    lines = path.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert '. "$(dirname "$0")/service.sh"' in lines
    assert "set -euo pipefail" in (EXAMPLES / "service.sh").read_text().splitlines()


def test_the_tour_documents_every_example():
    tour = (EXAMPLES / "README.md").read_text()
    assert [name for name in PROGRAMS if f"`{name}`" not in tour and f"]({name})" not in tour] == []
