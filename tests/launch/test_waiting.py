import socket
import threading

import pytest

from core.errors import BrokerUnavailable, DatabaseUnavailable
from core.settings import Settings
from db.upgrade import check_database, upgrade_database
from launch import waiting
from launch.waiting import migrate_when_possible, wait_for_broker, wait_for_database


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
    refusals = [DatabaseUnavailable("The database system is starting up.")]

    def upgrade(url):
        if refusals:
            raise refusals.pop()
        upgrade_database(url)

    monkeypatch.setattr(waiting, "upgrade_database", upgrade)
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


def test_the_password_of_a_broker_is_not_told(free_port):
    settings = Settings(broker_url=f"redis://:hunter2@127.0.0.1:{free_port}/0", start_timeout_seconds=0.02)
    with pytest.raises(BrokerUnavailable) as caught:
        wait_for_broker(settings, lambda _: None)
    assert "hunter2" not in str(caught.value)


def test_the_embedded_broker_needs_no_waiting(tmp_path, said):
    wait_for_broker(Settings(data_dir=tmp_path), said.append)
    assert said == []
