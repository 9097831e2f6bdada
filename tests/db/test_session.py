import sqlite3
import time

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from core.errors import DatabaseUnavailable, InvalidSetup, TrainyardError
from db import postgresql, runs
from db.records.runs import ExperimentRecord
from db.session import Database
from db.statements import database_now


def names(database):
    with database.reading() as session:
        return sorted(session.scalars(select(ExperimentRecord.name)))


def add(session, name):
    session.execute(text("INSERT INTO experiments (name, created_at) VALUES (:name, :now)"), {"name": name, "now": 0})


def test_transaction_commits_at_its_end(database):
    with database.transaction() as session:
        add(session, "a")
        assert names(database) == []
    assert names(database) == ["a"]


def test_transaction_rolls_back_on_any_error(database):
    def fail():
        with database.transaction() as session:
            add(session, "a")
            raise TrainyardError("no")

    with pytest.raises(TrainyardError, match="no"):
        fail()
    assert names(database) == []


def test_records_stay_readable_after_the_transaction(database, queue_run):
    run_id = queue_run()
    with database.transaction() as session:
        run = runs.cancel(session, run_id)
    assert run.tags == {}


def test_database_rejects_writes_of_a_reading_session(database):
    with pytest.raises(DBAPIError), database.reading() as session:
        add(session, "a")
    with database.transaction() as session:
        add(session, "b")
    assert names(database) == ["b"]


def test_making_a_database_connects_to_nothing(tmp_path):
    Database(f"sqlite:///{tmp_path / 'missing' / 'trainyard.db'}").dispose()
    Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing").dispose()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://localhost/x"],
)
def test_url_that_cannot_be_used_is_rejected(url):
    with pytest.raises(InvalidSetup, match="sqlite:///path"):
        Database(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_the_same_driver(scheme):
    assert Database(f"{scheme}://someone@localhost/x").engine.dialect.driver == "psycopg"


def test_password_is_not_shown():
    assert "secret" not in str(Database("postgresql://someone:secret@localhost/x"))


def test_unreachable_server_is_unavailable():
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailable), database.reading() as session:
        session.execute(select(database_now()))


def test_missing_folder_is_unavailable(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'missing' / 'trainyard.db'}")
    with pytest.raises(DatabaseUnavailable, match="unable to open"), database.reading() as session:
        session.execute(select(database_now()))


def test_faulty_statement_is_not_reported_as_unavailable(database):
    with pytest.raises((OperationalError, ProgrammingError)), database.transaction() as session:
        session.execute(text("SELECT * FROM tables_that_are_not_there"))


def test_file_locked_by_another_process_is_unavailable(sqlite_url):
    database = Database(sqlite_url, lock_timeout_seconds=0.05)
    other = sqlite3.connect(database.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable, match="locked"), database.transaction() as session:
        add(session, "a")
    assert names(database) == []
    other.execute("ROLLBACK")
    other.close()
    with database.transaction() as session:
        add(session, "a")
    assert names(database) == ["a"]
    database.dispose()


def test_file_locked_by_another_thread_is_unavailable(sqlite_url):
    database = Database(sqlite_url, lock_timeout_seconds=0.05)
    with database.transaction() as session:
        add(session, "a")
        with pytest.raises(DatabaseUnavailable, match="busy"), database.transaction():
            pass
    assert names(database) == ["a"]
    database.dispose()


def test_reader_does_not_wait_for_a_writer(sqlite_url):
    database = Database(sqlite_url, lock_timeout_seconds=0.05)
    with database.transaction() as session:
        add(session, "a")
        assert names(database) == []
    database.dispose()


def test_queries_of_a_reader_see_one_moment(database):
    with database.reading() as reader:
        assert reader.scalars(select(ExperimentRecord.name)).all() == []
        with database.transaction() as writer:
            add(writer, "a")
        assert reader.scalars(select(ExperimentRecord.name)).all() == []


def test_sqlite_checks_foreign_keys(sqlite_url):
    database = Database(sqlite_url)
    with pytest.raises(DBAPIError, match="FOREIGN KEY"), database.transaction() as session:
        session.execute(text("INSERT INTO attempts (run_id, number, owner, started_at) VALUES ('x', 1, 'y', 0)"))
    database.dispose()


def test_server_that_falls_silent_is_unavailable_and_recovers(postgresql_url, monkeypatch):
    monkeypatch.setattr(postgresql.BoundedConnection, "answer_timeout_seconds", 0.2)
    database = Database(postgresql_url)
    with pytest.raises(DatabaseUnavailable, match="no answer"), database.reading() as session:
        session.execute(text("SELECT pg_sleep(30)"))
    assert names(database) == []
    database.dispose()


def test_server_ends_the_transaction_of_a_frozen_process(postgresql_url, monkeypatch):
    monkeypatch.setattr(postgresql, "IDLE_TIMEOUT_SECONDS", 0.1)
    frozen, other = Database(postgresql_url), Database(postgresql_url)

    def freeze():
        with frozen.transaction() as session:
            add(session, "a")
            with other.transaction() as second:
                add(second, "a")  # It waits for the first, which is then ended.
            add(session, "b")

    with pytest.raises(DatabaseUnavailable):
        freeze()
    assert names(other) == ["a"]
    frozen.dispose()
    other.dispose()


def test_options_of_the_url_are_kept(postgresql_url):
    database = Database(f"{postgresql_url}?options=-c%20work_mem%3D7MB")
    with database.reading() as session:
        found = [session.scalar(text(f"SHOW {name}")) for name in ("work_mem", "statement_timeout")]
    assert found == ["7MB", "20s"]
    database.dispose()


def test_connection_that_the_server_closed_is_replaced(postgresql_url):
    database = Database(postgresql_url)
    with database.reading() as session:
        backend = session.scalar(text("SELECT pg_backend_pid()"))
    terminate(postgresql_url, backend)
    assert names(database) == []
    database.dispose()


def test_connection_lost_in_a_transaction_is_unavailable(postgresql_url):
    database = Database(postgresql_url)

    def lose():
        with database.transaction() as session:
            add(session, "a")
            terminate(postgresql_url, session.scalar(text("SELECT pg_backend_pid()")))
            add(session, "b")

    with pytest.raises(DatabaseUnavailable):
        lose()
    assert names(database) == []
    database.dispose()


def terminate(url, backend):
    dsn = Database(url).url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def test_clock_is_the_present_and_can_be_shifted(database):
    with database.reading() as session:
        now, later = session.execute(select(database_now(), database_now(90.5))).one()
    assert abs(now.timestamp() - time.time()) < 5
    assert 90 < (later - now).total_seconds() < 91


def test_clock_goes_on_within_a_transaction(database):
    with database.reading() as session:
        before = session.scalar(select(database_now()))
        time.sleep(0.01)
        assert session.scalar(select(database_now())) > before
