"""Process of the API: small, without TensorFlow, with clear errors if it does not start."""

import os
import shutil
import subprocess
import sys

import pytest

from api.app import create_app
from core.errors import InvalidSetup
from core.settings import Settings

MEBIBYTE = 1024 * 1024
HEAVY = ("tensorflow", "keras", "models", "sklearn", "scipy", "onnx", "tf2onnx", "torch", "pandas")


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_app_imports_nothing_of_tensorflow(tmp_path):
    code = f"import sys, api.app; api.app.create_app(); print([name for name in {HEAVY} if name in sys.modules])"
    done = run_python(code, TRAINYARD_DATA_DIR=str(tmp_path))
    assert done.stdout.strip() == "[]", done.stderr


def test_an_app_on_sqlite_does_not_load_the_driver_of_postgresql(tmp_path):
    code = """
import sys, api.app
api.app.create_app()
print([name for name in sys.modules if name.partition(".")[0] in {"psycopg", "psycopg_binary"}])
"""
    done = run_python(code, TRAINYARD_DATA_DIR=str(tmp_path))
    assert done.stdout.strip() == "[]", done.stderr


def test_an_app_without_a_bucket_does_not_load_its_client(tmp_path):
    code = "import sys, api.app; api.app.create_app(); print([name for name in sys.modules if 'obstore' in name])"
    done = run_python(code, TRAINYARD_DATA_DIR=str(tmp_path))
    assert done.stdout.strip() == "[]", done.stderr
    done = run_python(code, TRAINYARD_DATA_DIR=str(tmp_path), TRAINYARD_STORAGE_URL="s3://trainyard")
    assert "'obstore'" in done.stdout, done.stderr


def test_making_the_app_touches_no_disk_and_no_network(tmp_path):
    code = """
import sys
def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "sqlite3.connect", "os.mkdir"}:
        raise RuntimeError(event)
sys.addaudithook(refuse)
import api.app
api.app.create_app()
print("made")
"""
    address = "postgresql+psycopg://nobody@192.0.2.1/nothing"
    done = run_python(
        code,
        TRAINYARD_DATA_DIR=str(tmp_path / "none"),
        TRAINYARD_DATABASE_URL=address,
        TRAINYARD_BROKER_URL="redis://192.0.2.1/0",
    )
    assert done.stdout.strip() == "made", done.stderr
    assert not (tmp_path / "none").exists()


def test_an_idle_process_stays_under_150_megabytes(server):
    assert server.resident_bytes() < 150_000_000


def start(data_dir, **environment):
    return subprocess.run(
        [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--port", "0"],
        env={"PATH": os.environ["PATH"], "TRAINYARD_DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_database_that_is_not_there_is_reported_in_one_line(tmp_path):
    done = start(tmp_path)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "Trainyard does not start" in line]
    assert "does not exist" in line
    assert "python -m launch migrate" in line
    assert not (tmp_path / "trainyard.db").exists()


def test_a_database_of_a_newer_version_is_reported_in_one_line(tmp_path, upgraded_sqlite):
    shutil.copy(upgraded_sqlite, tmp_path / "trainyard.db")
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit(); c.close()"
    script = (
        "UPDATE trainyard_alembic_version SET version_num = '9999'; UPDATE compatibility SET oldest_revision = '9999'"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "trainyard.db"), script], check=True)
    done = start(tmp_path)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "Trainyard does not start" in line]
    assert "9999" in line


def test_a_database_address_that_is_none_is_rejected_when_the_app_is_made(tmp_path):
    with pytest.raises(InvalidSetup, match="not supported"):
        create_app(Settings(data_dir=tmp_path, database_url="mysql://localhost/x"))
