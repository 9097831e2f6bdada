import subprocess
from pathlib import Path

import pytest

from benchmarks.serving import environments
from benchmarks.serving.environments import REQUIREMENTS, benchmark_dir, prepare_environment
from benchmarks.serving.peers.start import PEER_STARTS


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """Commands that would be run; a virtual environment is an empty folder."""
    seen = []

    def run(command, *, check):
        assert check
        seen.append(command)
        if "venv" in command:
            Path(command[-1]).mkdir(exist_ok=True)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    monkeypatch.setenv("TRAINYARD_BENCH_DIR", str(tmp_path / "made"))
    (tmp_path / "mlserver.txt").write_text("mlserver==1.7.1\n")
    prepare_environment.cache_clear()
    yield seen
    prepare_environment.cache_clear()


def prepare_in_a_new_process():
    prepare_environment.cache_clear()
    return prepare_environment("mlserver")


def test_an_environment_is_made_once(commands, tmp_path):
    binaries = prepare_in_a_new_process()

    assert binaries.name == "bin"
    assert binaries.parent.parent == tmp_path / "made"
    assert binaries.parent.name.startswith("mlserver-")
    assert [command[1:4] for command in commands] == [["-m", "venv", "--clear"], ["-m", "pip", "install"]]
    assert "--require-hashes" in commands[1]
    assert commands[1][-1] == str(tmp_path / "mlserver.txt")

    assert prepare_in_a_new_process() == binaries
    assert len(commands) == 2


def test_an_environment_of_other_requirements_stays_as_it_is(commands, tmp_path):
    first = prepare_in_a_new_process()
    (tmp_path / "mlserver.txt").write_text("mlserver==1.7.2\n")

    second = prepare_in_a_new_process()

    assert first != second
    assert [command[-1] for command in commands if "venv" in command] == [str(first.parent), str(second.parent)]


def test_an_environment_whose_packages_could_not_be_installed_is_tried_again(commands, monkeypatch):
    run = subprocess.run

    def fail(command, *, check):
        run(command, check=check)
        if "pip" in command:
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", fail)
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            prepare_in_a_new_process()

    assert len(commands) == 4


def test_environments_are_in_the_users_cache_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("TRAINYARD_BENCH_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert benchmark_dir() == tmp_path / "trainyard-benchmarks"


@pytest.mark.parametrize("name", sorted(PEER_STARTS.keys() - {"bare", "known"}))
def test_every_other_server_is_pinned_by_hash(name):
    asked = (REQUIREMENTS / f"{name}.in").read_text().split()
    pinned = (REQUIREMENTS / f"{name}.txt").read_text()

    lines = [line for line in pinned.splitlines() if "==" in line]
    assert len(lines) > len(asked)
    assert pinned.count("--hash=sha256:") >= len(lines)
    for requirement in asked:
        assert any(line.startswith(requirement) for line in lines), requirement
