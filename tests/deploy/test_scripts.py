"""The shell scripts of deploy/: the .env file of deploy/new-env, and the style of all scripts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.stack import read_env_file
from core.api_keys import is_weak, read_key

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path
    for path in (ROOT / "deploy").rglob("*")
    if path.is_file() and not path.suffix and path.read_bytes().startswith(b"#!")
)


def new_env(file):
    return subprocess.run([ROOT / "deploy" / "new-env", file], capture_output=True, text=True, check=True, timeout=60)


def test_required_variables_of_compose_are_filled_in(tmp_path):
    new_env(tmp_path / "env")
    variables = read_env_file(tmp_path / "env")
    needed = {
        name for file in ROOT.glob("docker-compose*.yml") for name in re.findall(r"\$\{(\w+):\?", file.read_text())
    }
    assert {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "TRAINYARD_BOOTSTRAP_KEY", "GRAFANA_PASSWORD"} <= needed
    assert not [name for name in needed if not variables.get(name)]


def test_its_keys_are_valid_and_its_passwords_are_safe_in_urls(tmp_path):
    new_env(tmp_path / "env")
    variables = read_env_file(tmp_path / "env")
    for name in ("TRAINYARD_BOOTSTRAP_KEY", "TRAINYARD_METRICS_KEY"):
        key = read_key(variables[name])
        assert key is not None
        assert not is_weak(key)
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_PASSWORD"):
        assert re.fullmatch(r"[A-Za-z0-9]{40}", variables[name])


def test_no_two_files_share_a_secret(tmp_path):
    secrets = []
    for name in ("one", "two"):
        new_env(tmp_path / name)
        secrets.append({value for value in read_env_file(tmp_path / name).values() if len(value) >= 40})
    assert [len(found) for found in secrets] == [6, 6]
    assert secrets[0].isdisjoint(secrets[1])


def test_nobody_else_may_read_it(tmp_path):
    new_env(tmp_path / "env")
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["env"]


def test_an_existing_file_is_kept_and_its_empty_variables_are_named(tmp_path):
    (tmp_path / "env").write_text("POSTGRES_PASSWORD=\nREDIS_PASSWORD=mine\nTRAINYARD_METRICS_KEY=\n")
    output = new_env(tmp_path / "env").stderr
    assert (tmp_path / "env").read_text() == "POSTGRES_PASSWORD=\nREDIS_PASSWORD=mine\nTRAINYARD_METRICS_KEY=\n"
    assert "Empty in it: POSTGRES_PASSWORD TRAINYARD_METRICS_KEY." in output


def test_the_example_contains_no_secret():
    assert all(
        value == ""
        for name, value in read_env_file(ROOT / ".env.example").items()
        if name.endswith(("_PASSWORD", "_KEY"))
    )


def test_there_are_scripts_to_check():
    assert {"new-env", "backup", "restore", "new-secret", "remove-installers"} <= {path.name for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_in_any_posix_shell(script):
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run([shellcheck, "--shell", "sh", script], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
