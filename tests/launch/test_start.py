import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from db.upgrade import upgrade_database


def assert_rejected(environment: dict[str, str], *expected: str) -> None:
    """Launch the service and check that it fails with one line that has the expected texts."""
    ended = subprocess.run(
        [sys.executable, "-m", "launch"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("trainyard: ")
    for text in expected:
        assert text in ended.stderr


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_banner_says_where_the_docs_are_and_gives_a_line_to_try(launch, free_port):
    launched = launch()
    launched.wait_for("Ctrl-C")
    assert f"Docs page: http://127.0.0.1:{free_port}/docs\n" in launched.output
    assert (
        f"curl -s http://127.0.0.1:{free_port}/v1/runs -H 'Content-Type: application/json' "
        """-d '{"preset": "binary-adder"}'\n"""
    ) in launched.output


def test_database_is_ready_before_the_processes_start(launch):
    look = """
import time
from core.settings import load_settings
from db.upgrade import check_database
check_database(load_settings().effective_database_url)
print("database is ready", flush=True)
time.sleep(60)
"""
    launched = launch(worker=look)
    launched.wait_for("worker | database is ready")


def test_port_zero_takes_a_free_port_and_passes_it_to_the_processes(launch):
    show = "import os, time\nprint('port', os.environ['TRAINYARD_PORT'], flush=True)\ntime.sleep(60)"
    launched = launch(worker=show, TRAINYARD_PORT="0")
    launched.wait_for("Docs page")
    port = launched.output.partition("Docs page: http://127.0.0.1:")[2].partition("/")[0]
    assert int(port) > 0
    launched.wait_for(f"worker | port {port}\n")


def test_port_in_use_is_rejected_in_one_line(environment, free_port):
    with socket.create_server(("127.0.0.1", free_port)):
        assert_rejected(environment, f"Port {free_port} on 127.0.0.1 is already in use", "TRAINYARD_PORT")


def test_data_directory_that_is_a_file_is_rejected_in_one_line(environment, tmp_path):
    (tmp_path / "data").touch()
    assert_rejected(environment, str(tmp_path / "data"), "cannot be written to (File exists)", "TRAINYARD_DATA_DIR")


def test_data_directory_below_a_file_is_rejected_in_one_line(environment, tmp_path):
    (tmp_path / "file").touch()
    assert_rejected({**environment, "TRAINYARD_DATA_DIR": str(tmp_path / "file/data")}, "(Not a directory)")


def test_broken_database_file_is_rejected_in_one_line(environment, data_dir):
    (data_dir / "trainyard.db").write_bytes(b"this is no database" * 1000)
    assert_rejected(environment, str(data_dir / "trainyard.db"), "not a database")


def test_database_written_by_a_newer_version_is_rejected_in_one_line(environment, data_dir):
    upgrade_database(f"sqlite:///{data_dir / 'trainyard.db'}")
    with closing(sqlite3.connect(data_dir / "trainyard.db")) as connection, connection:
        connection.execute("update trainyard_alembic_version set version_num = '9999_from_the_future'")
        connection.execute("update compatibility set oldest_revision = '9999_from_the_future'")
    connection.close()
    assert_rejected(environment, "9999_from_the_future")


def test_database_that_is_down_is_rejected_in_one_line(environment, free_port):
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port}/none"
    assert_rejected({**environment, "TRAINYARD_DATABASE_URL": url}, "database")


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRAINYARD_PORT", "eighty"), ("TRAINYARD_HOST", "192.0.2.1"), ("TRAINYARD_LOG_LEVEL", "LOUD")],
)
def test_unusable_setting_is_rejected_in_one_line_that_names_it(environment, name, value):
    assert_rejected({**environment, name: value}, name)


def test_every_address_without_an_admin_key_is_rejected_saying_how_to_make_one(environment):
    every = {**environment, "TRAINYARD_HOST": "0.0.0.0"}  # noqa: S104 - rejected.
    assert_rejected(every, "no admin key", "TRAINYARD_BOOTSTRAP_KEY", "python -m core.api_keys")


def test_ctrl_c_while_the_setup_is_checked_leaves_without_a_traceback(launch):
    # A database that takes the connection and never answers holds the launcher there.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        launched = launch(command=("-m", "launch"), TRAINYARD_DATABASE_URL=url)
        connection, _ = silent.accept()
        launched.press_ctrl_c()
        assert launched.exit_code() == 0
        connection.close()
    assert launched.output == ""
    assert launched.errors == ""
