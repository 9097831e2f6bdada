import socket
import threading

import pytest

from core.errors import BrokerUnavailable, DatabaseNewer, DatabaseOutdated, DatabaseUnavailable, TrainyardError
from core.settings import Settings
from db.upgrade import check_database, upgrade_database
from launch import waiting
from launch.waiting import migrate_when_possible, wait_for, wait_for_broker, wait_for_database


class Flaky:
    """Raises what it was given, one after the other, then nothing."""

    def __init__(self, *errors: TrainyardError) -> None:
        self.errors = list(errors)
        self.num_calls = 0

    def __call__(self) -> None:
        self.num_calls += 1
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)


def test_nothing_is_said_where_nothing_has_to_be_waited_for(said):
    wait_for(Flaky(), 10, said.append)
    assert said == []


def test_each_reason_is_said_once_and_the_end_of_the_wait_too(said):
    check = Flaky(
        DatabaseUnavailable("Refused."),
        DatabaseUnavailable("Refused."),
        DatabaseUnavailable("Starting up."),
        DatabaseOutdated("Not up to date."),
    )
    wait_for(check, 60, said.append)
    assert check.num_calls == 5
    assert said == [
        "Waiting. Refused.",
        "Waiting. Starting up.",
        "Waiting. Not up to date.",
        "Waited long enough; going on.",
    ]


def test_the_wait_is_bounded_and_ends_with_the_last_reason(said):
    with pytest.raises(BrokerUnavailable, match=r"Waited 0\.05 s in vain\. Refused\."):
        wait_for(Flaky(*[BrokerUnavailable("Refused.")] * 1000), 0.05, said.append)


def test_what_no_waiting_mends_is_told_at_once(said):
    check = Flaky(DatabaseNewer("Written by a newer one."))
    with pytest.raises(DatabaseNewer):
        wait_for(check, 60, said.append)
    assert check.num_calls == 1


def test_a_process_waits_for_the_migration_that_another_one_runs(tmp_path, said):
    settings = Settings(data_dir=tmp_path)
    migration = threading.Timer(0.3, upgrade_database, [settings.effective_database_url])
    migration.start()
    wait_for_database(settings, said.append)
    migration.join()
    check_database(settings.effective_database_url)
    assert "does not exist" in said[0]


def test_the_migration_waits_for_a_server_that_is_still_starting(empty_postgresql_url, said, monkeypatch):
    refusals = Flaky(DatabaseUnavailable("The database system is starting up."))

    def upgrade(url):
        refusals()
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
