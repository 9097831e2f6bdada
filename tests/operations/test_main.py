"""`trainyard backup`, `restore` and `doctor` as programs: what they print, and how they end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import load_settings
from operations.__main__ import main

TRAINYARD = Path(sys.executable).with_name("trainyard")


@pytest.fixture
def program(sqlite_service, monkeypatch):
    """Call the program in this process, with the settings of a service in the environment."""
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def call(*arguments: str, settings=sqlite_service.settings) -> int:
        monkeypatch.setenv("TRAINYARD_DATA_DIR", str(settings.data_dir))
        monkeypatch.setenv("TRAINYARD_DATABASE_URL", settings.database_url)
        load_settings.cache_clear()
        try:
            return main(list(arguments))
        finally:
            load_settings.cache_clear()

    return call


def test_backup_restore_and_doctor_say_what_they_did(sqlite_service, make_service, program, tmp_path, capsys):
    sqlite_service.work()
    sqlite_service.database.dispose()
    folder = str(tmp_path / "backup")
    assert program("backup", folder) == 0
    assert capsys.readouterr().out.startswith(f"Wrote {folder}: 2 runs, 2 model versions, 7 files, ")
    other = make_service("", "other")
    assert program("restore", folder, settings=other.settings) == 0
    assert ": 2 runs, 2 model versions, 7 files. Runs that were active then are trained" in capsys.readouterr().out
    assert program("doctor", settings=other.settings) == 0
    assert capsys.readouterr().out == (
        "Nothing is wrong. Checked: 2 runs, 2 curves, 2,503 points, 8 file references, 4 hashed files, "
        "1 dataset version.\n"
    )


def test_refusals_are_one_line_and_exit_code_1(sqlite_service, program, tmp_path, capsys):
    sqlite_service.database.dispose()
    (tmp_path / "folder").mkdir()
    assert program("backup", str(tmp_path / "folder")) == 1
    assert capsys.readouterr().err == (
        f"Error: {tmp_path}/folder exists, which is not overwritten: give a new folder.\n"
    )
    assert program("restore", str(tmp_path / "folder")) == 1
    assert "is not a backup: it has no manifest.json" in capsys.readouterr().err


def test_what_is_left_out_is_named_at_the_backup_and_at_the_restore(sqlite_service, program, tmp_path, capsys):
    sqlite_service.train()
    path = sqlite_service.files.path(sqlite_service.store("weights").sha256)
    path.unlink()
    sqlite_service.database.dispose()
    assert program("backup", str(tmp_path / "backup"), "--accept-damage") == 0
    assert f"Left out: {path} is missing." in capsys.readouterr().err
    assert program("restore", str(tmp_path / "backup"), "--replace") == 0
    assert f"The backup was made without this: {path} is missing." in capsys.readouterr().err
    assert program("doctor", "--quick") == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 wrong. Checked: 1 run,")


def test_json_is_one_document(sqlite_service, program, capsys):
    sqlite_service.train()
    assert program("doctor", "--json", "--quick") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert document["findings"] == []


def test_what_cannot_be_checked_is_exit_code_2(sqlite_service, program, tmp_path, capsys):
    settings = sqlite_service.settings.model_copy(update={"data_dir": tmp_path / "nowhere"})
    assert program("doctor", settings=settings) == 2
    assert "Set TRAINYARD_DATA_DIR to that of the service." in capsys.readouterr().err


def test_the_command_of_the_client_is_this_program(tmp_path):
    environment = {**os.environ, "TRAINYARD_DATA_DIR": str(tmp_path / "nowhere"), "TRAINYARD_DATABASE_URL": ""}
    done = subprocess.run(
        [TRAINYARD, "doctor", "--quick"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: There is no data directory")
