"""Changes of models and runs reach a watch whoever makes them, and none is missed."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

import psycopg
import pytest
from sqlalchemy import func, insert, select, text, update

from db import aliases, changes, claims, model_versions, postgresql_changes, registry_changes, runs, sqlite_changes
from db.changes import ChangeWatch
from db.records.registry import ModelRecord, RegistryChangeRecord
from db.session import Database

ROOT = Path(__file__).parents[2]

HANG_SECONDS = 30.0

PATIENCE_SECONDS = 0.5
"""Several times the interval of looking: what has not come by then does not come."""


class Watched:
    """A watch, and what it reported."""

    def __init__(self, url):
        self.database = Database(url)
        self.reports = SimpleQueue()
        self.run_reports = SimpleQueue()
        self.watch = ChangeWatch(self.database, on_models=self.reports.put, on_runs=self.run_reports.put)

    def start(self):
        self.watch.start()
        assert self.next() is None
        return self

    def next(self):
        return self.reports.get(timeout=HANG_SECONDS)

    def next_after_everything(self):
        """The first report that names models."""
        while (names := self.next()) is None:
            pass
        return names

    def wait_for(self, *names):
        """Take reports until all of these models were named."""
        missing = set(names)
        while missing:
            reported = self.next()
            assert reported is not None, "everything may have changed, says the watch; it was to name models"
            missing -= reported

    def wait_for_everything(self):
        while self.next() is not None:
            pass

    def is_quiet(self):
        try:
            self.reports.get(timeout=PATIENCE_SECONDS)
        except Empty:
            return True
        return False

    def close(self):
        self.watch.stop()
        self.database.dispose()


@pytest.fixture(autouse=True)
def _no_precaution(monkeypatch):
    """A change that is missed is not covered up by a report that everything may have changed."""
    monkeypatch.setattr(sqlite_changes, "PRECAUTION_SECONDS", 3600.0)
    monkeypatch.setattr(postgresql_changes, "PRECAUTION_SECONDS", 3600.0)


@pytest.fixture
def make_watched():
    made = []

    def make(url):
        made.append(Watched(url))
        return made[-1]

    yield make
    for watched in made:
        watched.close()


@pytest.fixture
def watched(make_watched, database_url):
    return make_watched(database_url).start()


@pytest.fixture
def on_sqlite(make_watched, sqlite_url):
    return make_watched(sqlite_url).start()


@pytest.fixture
def sqlite_path(sqlite_url):
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def on_postgresql(make_watched, postgresql_url):
    return make_watched(postgresql_url).start()


def add_models(database, *names):
    with database.transaction() as session:
        session.execute(insert(ModelRecord), [{"name": name} for name in names])


def unload(database, name):
    with database.transaction() as session:
        session.execute(update(ModelRecord).where(ModelRecord.name == name).values(is_unloaded=True))


def test_a_registered_version_is_reported(watched, database, finished_run):
    finished_run(model_name="adder")
    watched.wait_for("adder")
    with database.reading() as session:
        assert model_versions.find_newest(session, "adder") == 1


def test_a_moved_and_a_deleted_alias_are_reported(watched, database, finished_run):
    finished_run(model_name="adder")
    watched.wait_for("adder")
    with database.transaction() as session:
        aliases.set_alias(session, "adder", "production", 1)
    watched.wait_for("adder")
    with database.transaction() as session:
        aliases.set_alias(session, "adder", "production", 1)
    watched.wait_for("adder")
    with database.transaction() as session:
        aliases.delete_alias(session, "adder", "production")
    watched.wait_for("adder")


def test_a_version_that_is_deleted_with_its_run_is_reported(watched, database, finished_run):
    run_id = finished_run(model_name="adder")
    other = finished_run(model_name="other")
    watched.wait_for("adder", "other")
    while not watched.is_quiet():
        pass
    with database.transaction() as session:
        runs.delete(session, run_id, force=True)
    watched.wait_for("adder")
    with database.transaction() as session:
        runs.delete(session, other, force=True)
    watched.wait_for("other")


def test_an_unloaded_model_is_reported(watched, database):
    add_models(database, "adder")
    watched.wait_for("adder")
    unload(database, "adder")
    watched.wait_for("adder")


def test_what_another_process_changes_is_reported(watched, database_url):
    code = (
        "import sys; from sqlalchemy import insert; from db.session import Database; "
        "from db.records.registry import ModelRecord\n"
        "with Database(sys.argv[1]).transaction() as session: session.execute(insert(ModelRecord), [{'name': 'adder'}])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, database_url], env=environment, check=True, timeout=60)
    assert watched.next() == {"adder"}


def test_models_that_change_together_are_reported_together(watched, database):
    names = {f"model-{number}" for number in range(50)}
    add_models(database, *names)
    assert watched.next() == names


def test_what_is_rolled_back_is_not_reported(watched, database):
    with database.transaction() as session:
        session.execute(insert(ModelRecord), [{"name": "never"}])
        session.rollback()
    add_models(database, "adder")
    assert watched.next() == {"adder"}


def test_changes_of_runs_are_reported_apart_from_those_of_models(watched, queue_run, claim):
    run_id = queue_run()
    claim()
    assert watched.is_quiet()
    while (reported := watched.run_reports.get(timeout=HANG_SECONDS)) is None and not watched.database.is_sqlite:
        pass
    assert reported == (None if watched.database.is_sqlite else {run_id})


def test_a_renewed_lease_is_no_change_that_postgresql_reports(on_postgresql, postgresql_url):
    database = Database(postgresql_url)
    with database.transaction() as session:
        first = runs.create(session, experiment="trials", model_name="adder", spec={"seed": 7}).id
    with database.transaction() as session:
        claimed = claims.claim_run(session, owner="worker-1", lease_seconds=60.0)
    with database.transaction() as session:
        claims.renew_lease(session, first, claimed.attempt, 60.0)
    with database.transaction() as session:
        second = runs.create(session, experiment="trials", model_name="adder", spec={"seed": 7}).id
    database.dispose()
    reported = []
    while (run_ids := on_postgresql.run_reports.get(timeout=HANG_SECONDS)) != {second}:
        reported.append(run_ids)
    # The first report says that everything may have changed.
    assert reported[1:] == [{first}, {first}]


def test_a_change_after_the_first_report_is_not_missed(make_watched, database, database_url):
    """The first report asks to read everything again; a change that comes after that must be reported."""
    watched = make_watched(database_url)
    reports = SimpleQueue()

    def change_at_once(names):
        if names is None:
            add_models(database, "adder")
        reports.put(names)

    watched.watch = ChangeWatch(watched.database, on_models=change_at_once)
    watched.watch.start()
    assert reports.get(timeout=HANG_SECONDS) is None
    assert reports.get(timeout=HANG_SECONDS) == {"adder"}


def test_a_storm_of_changes_misses_none(watched, database):
    names = [f"model-{number}" for number in range(200)]
    add_models(database, *names)
    watched.wait_for(*names)

    def change(some):
        for name in some:
            unload(database, name)

    threads = [threading.Thread(target=change, args=(names[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    watched.wait_for(*names)
    for thread in threads:
        thread.join()


def test_nothing_is_reported_after_the_end(watched, database):
    watched.watch.stop()
    assert not watched.watch._thread.is_alive()
    add_models(database, "adder")
    assert watched.is_quiet()


def test_a_watch_that_was_not_started_can_be_stopped(make_watched, database_url):
    watched = make_watched(database_url)
    watched.watch.stop()
    assert watched.is_quiet()


def test_a_report_that_fails_is_logged_and_made_good(make_watched, database, database_url, caplog):
    watched = make_watched(database_url)
    is_failing = threading.Event()

    def report(names):
        if names is not None and not is_failing.is_set():
            is_failing.set()
            raise ZeroDivisionError
        watched.reports.put(names)

    watched.watch = ChangeWatch(watched.database, on_models=report)
    watched.start()
    add_models(database, "adder")
    assert watched.next() is None
    assert "ZeroDivisionError" in caplog.text
    unload(database, "adder")
    watched.wait_for("adder")


def test_everything_may_have_changed_now_and_then(make_watched, database_url, monkeypatch):
    monkeypatch.setattr(sqlite_changes, "PRECAUTION_SECONDS", 0.1)
    monkeypatch.setattr(postgresql_changes, "PRECAUTION_SECONDS", 0.1)
    watched = make_watched(database_url).start()
    assert watched.next() is None
    assert watched.next() is None


def test_a_file_that_is_replaced_is_followed(on_sqlite, sqlite_path, upgraded_sqlite):
    other = sqlite_path.with_name("other.db")
    shutil.copyfile(upgraded_sqlite, other)
    other.replace(sqlite_path)
    for left in ("-wal", "-shm"):
        Path(f"{sqlite_path}{left}").unlink(missing_ok=True)
    assert on_sqlite.next() is None
    database = Database(f"sqlite:///{sqlite_path}")
    add_models(database, "adder")
    database.dispose()
    assert on_sqlite.next_after_everything() == {"adder"}


def test_a_file_that_is_missing_is_waited_for_with_one_line(make_watched, sqlite_path, upgraded_sqlite, caplog):
    sqlite_path.unlink()
    watched = make_watched(f"sqlite:///{sqlite_path}")
    watched.watch.start()
    assert watched.is_quiet()
    assert not sqlite_path.exists()
    shutil.copyfile(upgraded_sqlite, sqlite_path)
    assert watched.next() is None
    assert caplog.text.count("are not noticed until the database answers") == 1
    assert str(sqlite_path) in caplog.text
    assert caplog.text.count("are noticed again") == 1


def test_a_file_that_is_restored_in_place_is_read_anew(on_sqlite, sqlite_path, upgraded_sqlite, sqlite_url):
    database = Database(sqlite_url)
    add_models(database, "adder")
    database.dispose()
    on_sqlite.wait_for("adder")
    with closing(sqlite3.connect(upgraded_sqlite)) as older, closing(sqlite3.connect(sqlite_path)) as current:
        older.backup(current)
    assert on_sqlite.next() is None


def test_changes_that_were_removed_before_they_were_read_may_be_any(on_sqlite, sqlite_url):
    database = Database(sqlite_url)
    with database.transaction() as session:
        session.execute(insert(ModelRecord), [{"name": f"model-{number}"} for number in range(5)])
        session.flush()
        assert registry_changes.prune(session, keep=2) == 3
    assert on_sqlite.next() is None
    add_models(database, "adder")
    assert on_sqlite.next() == {"adder"}
    database.dispose()


def test_only_the_latest_changes_are_kept(sqlite_url):
    database = Database(sqlite_url)
    add_models(database, *(f"model-{number}" for number in range(5)))
    with database.transaction() as session:
        assert registry_changes.prune(session, keep=2) == 3
        assert registry_changes.prune(session, keep=2) == 0
        kept = select(RegistryChangeRecord.model_name).order_by(RegistryChangeRecord.id)
        assert session.scalars(kept).all() == ["model-3", "model-4"]
    database.dispose()


def test_there_is_nothing_to_remove_before_the_first_change(database):
    with database.transaction() as session:
        assert registry_changes.prune(session) == 0
        assert session.scalar(select(func.count()).select_from(RegistryChangeRecord)) == 0


def listeners(session):
    """Process ids of the connections that listen, by their latest statement."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
    return list(session.scalars(text(query)))


def test_a_lost_connection_is_made_again_and_everything_may_have_changed(on_postgresql, postgresql_url, caplog):
    database = Database(postgresql_url)
    with database.reading() as session:
        (listener,) = listeners(session)
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": listener})
    assert on_postgresql.next() is None
    assert "The connection for notices is lost" in caplog.text
    add_models(database, "adder")
    database.dispose()
    assert on_postgresql.next_after_everything() == {"adder"}


class Cable:
    """A relay between a client and a server that can fall silent, as a cut network does."""

    def __init__(self, host, port):
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.is_cut = threading.Event()
        self._sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for one in self._sockets:
            one.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def _relay(self, source, sink):
        # What passes on nothing closes nothing either. At the end of the test the sockets close under way.
        with suppress(OSError):
            while (content := source.recv(65536)) and not self.is_cut.is_set():
                sink.sendall(content)


def test_a_cut_network_is_noticed_and_everything_may_have_changed(make_watched, postgresql_url, monkeypatch):
    monkeypatch.setattr(postgresql_changes, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(postgresql_changes.ListeningConnection, "answer_timeout_seconds", 0.5)
    database = Database(postgresql_url)
    cable = Cable(database.url.host, database.url.port or 5432)
    through = database.url.set(host="127.0.0.1", port=cable.port).render_as_string(hide_password=False)
    watched = make_watched(through).start()
    add_models(database, "first")
    watched.wait_for("first")
    cable.is_cut.set()
    add_models(database, "second")
    assert watched.is_quiet()
    cable.is_cut.clear()
    watched.wait_for_everything()
    add_models(database, "third")
    watched.wait_for("third")
    watched.close()
    cable.close()
    database.dispose()


def test_a_pooler_that_passes_on_no_notices_is_reported_once(make_watched, postgresql_url, monkeypatch, caplog):
    monkeypatch.setattr(postgresql_changes, "CHECK_SECONDS", 0.05)
    # To the client it looks as if LISTEN had never been said: it was said on a connection that is now another's.
    monkeypatch.setattr(postgresql_changes, "_listen", lambda connection: connection.execute("SELECT 1"))
    watched = make_watched(postgresql_url).start()
    assert watched.next() is None
    assert watched.next() is None
    assert caplog.text.count("through a pooler in transaction mode") == 1


def test_an_unreachable_server_is_waited_for_with_one_line(make_watched, postgresql_url, caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = Database(postgresql_url).url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    watched = make_watched(url)
    watched.watch.start()
    assert watched.is_quiet()
    assert caplog.text.count("are not noticed until the database answers") == 1
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_end_does_not_wait_for_a_server_that_does_not_answer(make_watched, postgresql_url, monkeypatch):
    monkeypatch.setattr(changes, "STOP_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = Database(postgresql_url).url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        watched = make_watched(url)
        watched.watch.start()
        connection, _ = silent.accept()
        watched.watch.stop()
        assert watched.watch._thread.is_alive()
        connection.close()
    deadline = time.monotonic() + HANG_SECONDS
    while watched.watch._thread.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.05)
