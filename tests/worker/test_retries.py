"""Runs that are tried again by the policy of retries: stand-in trainers, a reconciler, real databases."""

import pytest

from core.run_state import RunState
from db import runs
from worker.reconciler import Reconciler


@pytest.fixture
def work(supervisor, settings, database, monkeypatch):
    """Take one turn of a worker: train what is queued, then look for what is due."""
    monkeypatch.setattr("core.retry_policy.LONGEST_PAUSE_SECONDS", 0.05)
    reconciler = Reconciler(settings, database, answer=lambda: None, is_idle=lambda: True)

    def work():
        num_claimed = supervisor.answer_doorbell()
        reconciler.reconcile()
        return num_claimed

    return work


def attempts_at(database, run):
    with database.reading() as session:
        return [(one.number, one.outcome) for one in runs.list_attempts(session, run.id)]


def test_a_poison_run_fails_after_its_attempts_and_others_go_on_between_them(work, queue, database, wait_until):
    poison = queue.submit("crashes")
    others = [queue.submit("succeeds") for _ in range(2)]

    wait_until(lambda: work() == 0 and queue.get(poison).state == RunState.FAILED)

    record = queue.get(poison)
    assert all(queue.wait_for(run, RunState.SUCCEEDED).ended_at < record.ended_at for run in others)
    assert record.error.code == "trainer_lost"
    assert "SIGKILL" in record.error.detail
    assert record.dead_since is not None
    assert attempts_at(database, poison) == [(number, "crashed") for number in (1, 2, 3)]


def test_a_run_that_lacked_memory_is_tried_once_more_after_a_pause(work, queue, database, wait_until):
    run = queue.submit("has-no-memory")

    work()
    waiting = queue.get(run)
    assert (waiting.state, waiting.error.code) == (RunState.QUEUED, "out_of_memory")
    wait_until(lambda: work() == 0 and queue.get(run).state == RunState.FAILED)

    assert queue.get(run).dead_since is not None
    assert attempts_at(database, run) == [(1, "failed"), (2, "failed")]


def test_the_doorbell_is_rung_for_runs_whose_pause_is_over(settings, database, supervisor, queue, monkeypatch):
    monkeypatch.setattr("core.retry_policy.LONGEST_PAUSE_SECONDS", 1e-6)
    rings = []
    # Called before anything could count as overlooked.
    reconciler = Reconciler(settings, database, answer=lambda: rings.append(1), is_idle=lambda: True)
    run = queue.submit("has-no-memory")
    while queue.get(run).attempt == 0:
        supervisor.answer_doorbell()
    reconciler.reconcile()
    assert rings == [1]
    assert queue.get(run).retry_at is None
