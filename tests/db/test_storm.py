"""Workers that freeze, crash and drain at random, and a reconciler: no run is lost or ends twice."""

import random

from core.errors import AttemptFenced
from core.progress import MetricBatch
from core.run_report import RunError
from core.run_state import TERMINAL_STATES, RunState
from db import claims, expiry, history, metrics, model_versions, runs
from db.records.jobs import AttemptOutcome

NUM_RUNS = 24
NUM_WORKERS = 4
STEPS = (1, 2, 3)


def work(database, seed):
    """Run attempts until no run is queued or running; return the number of fenced ones."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret.
    num_fenced = 0
    while True:
        with database.transaction() as session:
            # Every third worker is one that will fall silent: its lease is over as soon as it begins.
            is_silent = chance.random() < 0.33
            run = claims.claim_run(session, owner=f"worker-{seed}", lease_seconds=-1 if is_silent else 60)
        if run is None:
            with database.transaction() as session:
                expiry.expire_leases(session)
                counts = runs.count_by_state(session)
            if not counts[RunState.QUEUED] + counts[RunState.RUNNING]:
                return num_fenced
            continue
        if is_silent:
            with database.transaction() as session:
                expiry.expire_leases(session)
        try:
            attempt(database, run, chance.random())
        except AttemptFenced:
            num_fenced += 1


def attempt(database, run, luck):
    """Report three points with the number of the attempt as value, one by one, then end at random."""
    for step in STEPS:
        with database.transaction() as session:
            batch = MetricBatch(key="train/loss", steps=(step,), values=(float(run.attempt),), times=(0.0,))
            claims.record_progress(session, run.run_id, run.attempt, 60, batches=[batch])
    with database.transaction() as session:
        if luck < 0.6:
            claims.finish_run(session, run.run_id, run.attempt, artifacts=(), phases={})
        elif luck < 0.8:
            claims.release_run(session, run.run_id, run.attempt, reason="The trainer died.", count_as_crash=True)
        elif luck < 0.95:
            claims.release_run(session, run.run_id, run.attempt, reason="drain")
        else:
            claims.fail_run(session, run.run_id, run.attempt, error=RunError("training_failed", "NaN"))


def test_storm_loses_and_doubles_nothing(database, queue_run, at_once):
    queued = {queue_run() for _ in range(NUM_RUNS)}
    results = at_once(*[lambda seed=seed: work(database, seed) for seed in range(NUM_WORKERS)])
    assert all(isinstance(result, int) for result in results), results
    with database.reading() as session:
        page = runs.list_page(session, limit=2 * NUM_RUNS)
        assert {run.id for run in page.items} == queued
        for run in page.items:
            assert run.state in TERMINAL_STATES
            attempts = runs.list_attempts(session, run.id)
            assert [each.number for each in attempts] == list(range(1, run.attempt + 1))
            assert all(each.ended_at is not None for each in attempts)
            num_successes = [each.outcome for each in attempts].count(AttemptOutcome.SUCCEEDED)
            assert num_successes == (run.state == RunState.SUCCEEDED)
            if run.state == RunState.SUCCEEDED:
                (curve,) = history.history(session, run.id).curves
                assert (curve.x.tolist(), curve.y.tolist()) == (list(STEPS), [float(run.attempt)] * len(STEPS))
                assert metrics.list_keys(session, run.id)[0].count == len(STEPS)
        succeeded = {run.id: run.model_version for run in page.items if run.state == RunState.SUCCEEDED}
        versions = model_versions.get_model(session, "adder").versions
    assert {version.run_id: version.version for version in versions} == succeeded
    assert sorted(succeeded.values()) == list(range(1, len(succeeded) + 1))
