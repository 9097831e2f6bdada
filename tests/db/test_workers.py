"""Reports of workers, on each database."""

import pytest

from core.run_state import RunState
from core.workers import WaitingKind, WorkerHealth, WorkerState
from db import runs, workers
from db.expiry import fail_waiting

READY = WorkerHealth(WorkerState.READY, 2, 2)
BROKEN = WorkerHealth(WorkerState.BROKEN, 1, 0, 3, "The trainer ended in its warm-up (exit code 1).")


@pytest.fixture
def report(database):
    def store(health, name="host:1"):
        with database.transaction() as session:
            workers.report(session, name, "host", health)

    return store


@pytest.fixture
def look(database):
    def read():
        with database.reading() as session:
            return workers.look(session)

    return read


@pytest.fixture
def give_up(database):
    def call(seconds):
        with database.transaction() as session:
            return fail_waiting(session, seconds)

    return call


@pytest.fixture
def get_run(database):
    def read(run_id):
        with database.reading() as session:
            return runs.get(session, run_id)

    return read


def test_a_worker_is_there_as_it_last_reported(report, look):
    report(READY)
    report(BROKEN)
    (worker,) = look().workers
    assert (worker.name, worker.host, worker.health, worker.is_live) == ("host:1", "host", BROKEN, True)


def test_a_worker_that_signs_off_is_gone(report, look, database):
    report(READY)
    with database.transaction() as session:
        workers.sign_off(session, "host:1")
    assert look().workers == ()


def test_a_worker_that_falls_silent_does_not_count_and_is_later_forgotten(report, look, database, monkeypatch):
    report(READY)
    monkeypatch.setattr("db.workers.SILENT_SECONDS", -1.0)
    assert look().live == ()
    with database.transaction() as session:
        workers.delete_silent(session)
    assert [worker.name for worker in look().workers] == ["host:1"]
    monkeypatch.setattr("db.workers.FORGOTTEN_SECONDS", -1.0)
    with database.transaction() as session:
        workers.delete_silent(session)
    assert look().workers == ()


def test_time_spent_broken_begins_anew_after_a_repair(report, look, database):
    report(BROKEN)
    with database.transaction() as session:
        session.get(workers.WorkerRecord, "host:1").broken_since -= workers.timedelta(seconds=500)
    report(BROKEN)
    assert look().workers[0].broken_seconds >= 500
    report(READY)
    assert look().workers[0].broken_seconds == 0
    report(BROKEN)
    assert look().workers[0].broken_seconds < 500


def test_text_that_postgresql_cannot_hold_is_reported_all_the_same(report, look):
    report(WorkerHealth(WorkerState.BROKEN, 1, 0, 1, "bad \x00 byte"))
    assert look().workers[0].health.error == "bad \N{REPLACEMENT CHARACTER} byte"


def test_only_a_queued_run_waits(database, queue_run, claim, report, get_run):
    report(BROKEN)
    run_id = queue_run()
    with database.reading() as session:
        assert workers.find_wait(session, [get_run(run_id)]).of(None, None).kind is WaitingKind.REPAIR
    claim()
    with database.reading() as session:
        assert workers.find_wait(session, [get_run(run_id)]) is None


def test_runs_fail_after_no_worker_could_train_for_the_time_that_is_set(queue_run, report, give_up, get_run):
    report(BROKEN)
    run_id = queue_run()
    assert give_up(-1.0) == [run_id]
    record = get_run(run_id)
    assert (record.state, record.attempt) == (RunState.FAILED, 0)
    assert record.ended_at is not None
    assert record.error.code == "no_trainer"
    assert BROKEN.error in record.error.detail
    assert "TRAINYARD_REPAIR_TIMEOUT_SECONDS" in record.error.detail
    assert give_up(-1.0) == []


def test_runs_wait_on_until_then(queue_run, report, give_up, get_run):
    report(BROKEN)
    run_id = queue_run()
    assert give_up(3600.0) == []
    assert get_run(run_id).state == RunState.QUEUED


def test_a_broken_worker_among_healthy_ones_fails_no_run(queue_run, report, give_up, get_run):
    report(BROKEN, "bad:1")
    report(READY, "good:1")
    run_id = queue_run()
    assert give_up(-1.0) == []
    assert get_run(run_id).state == RunState.QUEUED


def test_without_any_worker_runs_wait_for_one(queue_run, give_up, get_run):
    run_id = queue_run()
    assert give_up(-1.0) == []
    assert get_run(run_id).state == RunState.QUEUED


def test_nothing_fails_while_a_worker_that_reports_nothing_trains(queue_run, claim, report, give_up, get_run):
    queue_run()
    claim(owner="older-version:1")
    waiting = queue_run()
    report(BROKEN)
    assert give_up(-1.0) == []
    assert get_run(waiting).state == RunState.QUEUED


def test_a_run_under_way_is_not_failed_for_waiting(queue_run, claim, report, give_up, get_run):
    run_id = queue_run()
    claim()
    report(BROKEN)
    assert give_up(-1.0) == []
    assert get_run(run_id).state == RunState.RUNNING
