import os
import socket
import threading

import pytest

from core.errors import BrokerUnavailable, DatabaseUnavailable, InvalidSetup
from core.settings import Settings
from db.upgrade import check_database, upgrade_database
from launch import preflight
from launch.preflight import (
    check_data_dir,
    choose_port,
    migrate_when_possible,
    wait_for_broker,
    wait_for_database,
)


def test_data_directory_is_made_with_its_parents_and_left_empty(tmp_path):
    check_data_dir(tmp_path / "some" / "where")
    assert list((tmp_path / "some" / "where").iterdir()) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_free_port_is_kept_and_may_be_listened_on(host):
    port = choose_port(host, 0)
    assert choose_port(host, port) == port


def test_port_of_connections_still_closing_counts_as_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        # Whoever closes first keeps the port in TIME_WAIT.
        accepted.close()
        client.close()
    assert choose_port("127.0.0.1", port) == port


def test_host_without_an_address_is_rejected_naming_the_setting():
    with pytest.raises(InvalidSetup, match="TRAINYARD_HOST"):
        choose_port("no.such.host.invalid", 8000)


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_port_that_someone_listens_on_is_rejected(host):
    with socket.create_server((host, 0)) as server, pytest.raises(InvalidSetup, match="already in use"):
        choose_port("127.0.0.1", server.getsockname()[1])


def test_full_disk_is_rejected(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(InvalidSetup, match="No space left on device"):
        check_data_dir(tmp_path)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr("core.system.waiting.POLL_SECONDS", 0.01)


def test_a_process_waits_for_the_migration_that_another_one_runs(tmp_path, said):
    settings = Settings(data_dir=tmp_path)
    migration = threading.Timer(0.3, upgrade_database, [settings.effective_database_url])
    migration.start()
    wait_for_database(settings, said.append)
    migration.join()
    check_database(settings.effective_database_url)
    assert "does not exist" in said[0]


def test_the_migration_waits_for_a_server_that_is_still_starting(empty_postgresql_url, said, monkeypatch):
    errors = [DatabaseUnavailable("The database system is starting up.")]

    def upgrade(url):
        if errors:
            raise errors.pop()
        upgrade_database(url)

    monkeypatch.setattr(preflight, "upgrade_database", upgrade)
    migrate_when_possible(Settings(database_url=empty_postgresql_url), said.append)
    check_database(empty_postgresql_url)
    assert said[0] == "Waiting. The database system is starting up."


def test_a_worker_waits_for_a_broker_that_is_still_starting(free_port, said):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", free_port))
    start = threading.Timer(0.2, server.listen)
    start.start()
    with server:
        wait_for_broker(Settings(broker_url=f"redis://127.0.0.1:{free_port}/0"), said.append)
        start.join()
    assert f"127.0.0.1, port {free_port}, does not answer" in said[0]


def test_the_password_of_a_broker_is_not_shown(free_port):
    settings = Settings(broker_url=f"redis://:hunter2@127.0.0.1:{free_port}/0", start_timeout_seconds=0.02)
    with pytest.raises(BrokerUnavailable) as caught:
        wait_for_broker(settings, lambda _: None)
    assert "hunter2" not in str(caught.value)


def test_the_embedded_broker_needs_no_waiting(tmp_path, said):
    wait_for_broker(Settings(data_dir=tmp_path), said.append)
    assert said == []
