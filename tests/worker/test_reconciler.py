import pytest

from core.errors import DatabaseUnavailable
from core.run_state import RunState
from db.claims import claim_run
from db.expiry import end_stalled
from worker.reconciler import Reconciler


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


class Answers:
    def __init__(self):
        self.number = 0

    def __call__(self):
        self.number += 1


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def make_reconciler(settings, database, clock, answers):
    return lambda is_idle=True: Reconciler(settings, database, answers, lambda: is_idle, clock)


def claim(database, lease_seconds):
    with database.transaction() as session:
        return claim_run(session, owner="lost", lease_seconds=lease_seconds)


def test_a_run_whose_lease_ended_is_queued_again(make_reconciler, database, queue):
    run = queue.submit("succeeds")
    claim(database, lease_seconds=-1)

    make_reconciler().reconcile()

    assert queue.get(run).state == RunState.QUEUED


def test_a_run_whose_lease_holds_is_left_alone(make_reconciler, database, queue):
    run = queue.submit("succeeds")
    claim(database, lease_seconds=60)

    make_reconciler().reconcile()

    assert queue.get(run).state == RunState.RUNNING


def test_a_run_that_loses_its_lease_too_often_fails_with_the_reason(make_reconciler, database, queue, clock):
    run = queue.submit("succeeds", max_attempts=2)
    reconciler = make_reconciler()
    for _ in range(2):
        claim(database, lease_seconds=-1)
        clock.seconds += 1
        reconciler.reconcile()

    record = queue.get(run)
    assert record.state == RunState.FAILED
    assert "lease" in record.error.detail


def test_an_idle_worker_answers_for_an_unclaimed_run(make_reconciler, queue, answers, monkeypatch):
    monkeypatch.setattr("worker.reconciler.OVERLOOKED_SECONDS", -1.0)
    queue.submit("succeeds")

    make_reconciler().reconcile()

    assert answers.number == 1


def test_a_busy_worker_leaves_it_to_others(make_reconciler, queue, answers, monkeypatch):
    monkeypatch.setattr("worker.reconciler.OVERLOOKED_SECONDS", -1.0)
    queue.submit("succeeds")

    make_reconciler(is_idle=False).reconcile()

    assert answers.number == 0


def test_after_an_outage_of_the_database_leases_get_one_whole_lease_more(
    make_reconciler, database, queue, clock, settings, monkeypatch
):
    run = queue.submit("succeeds")
    claim(database, lease_seconds=-1)
    reconciler = make_reconciler()

    def away():
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(database, "transaction", away)
        reconciler.reconcile()
    clock.seconds += settings.lease_seconds - 0.1
    reconciler.reconcile()
    assert queue.get(run).state == RunState.RUNNING

    clock.seconds += 0.3
    reconciler.reconcile()
    assert queue.get(run).state == RunState.QUEUED


def test_after_a_database_that_was_frozen_leases_get_one_whole_lease_more(
    make_reconciler, database, queue, clock, settings, monkeypatch
):
    run = queue.submit("succeeds")
    claim(database, lease_seconds=-1)
    reconciler = make_reconciler()

    def end_stalled_late(*arguments):
        clock.seconds += settings.lease_seconds
        return end_stalled(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("worker.reconciler.end_stalled", end_stalled_late)
        reconciler.reconcile()
    clock.seconds += settings.lease_seconds - 0.1
    reconciler.reconcile()
    assert queue.get(run).state == RunState.RUNNING

    clock.seconds += 0.3
    reconciler.reconcile()
    assert queue.get(run).state == RunState.QUEUED
