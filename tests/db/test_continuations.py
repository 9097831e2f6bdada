from dataclasses import replace
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import update

from core.checkpoints import Checkpoint
from core.errors import Conflict
from core.progress import MetricBatch
from db import checkpoints, claims, continuations, points, resuming, runs, submissions
from db.continuations import Continuation
from db.idempotency import StoredAnswer
from db.new_runs import NewRun
from db.records.metrics import MetricChunkRecord
from db.records.runs import CheckpointRecord
from db.submissions import Submission

LEASE_SECONDS = 60.0
DELETION_SECONDS = 0.5
"""Longer than a deletion takes that waits for nobody."""
BEST = Checkpoint(step=4, epoch=2, sha256="b" * 64, num_bytes=4, monitor="loss", value=0.1, is_best=True)
NEWEST = Checkpoint(step=6, epoch=3, sha256="c" * 64, num_bytes=6, monitor="loss", value=0.2)


def batch(key, steps):
    return MetricBatch(key, steps, [1 / step for step in steps], [float(step) for step in steps])


@pytest.fixture
def source(database, queue_run, claim):
    """A run that was cancelled after its last checkpoint, and that has its best one in its middle."""
    run_id = queue_run()
    attempt = claim().attempt
    curves = [batch("train/loss", range(1, 8)), batch("epoch/train/loss", [2, 4, 6]), batch("test/loss", [6])]
    with database.transaction() as session:
        claims.record_progress(session, run_id, attempt, LEASE_SECONDS, batches=[*curves, batch("train/late", [7])])
        for checkpoint in (BEST, NEWEST):
            resuming.record_checkpoint(session, run_id, attempt, LEASE_SECONDS, checkpoint)
        claims.cancel_running(session, run_id, attempt)
    return run_id


@pytest.fixture
def go_on(database):
    """Queue a run for each continuation; return the ids, or the errors, in order."""

    def queue(*continuations):
        def answer(rows, _waiting_for):
            return StoredAnswer(202, "/v1/runs", str(rows[0].id))

        new = [
            NewRun.of(experiment="trials", model_name="adder", spec={"seed": 7}, continuation=one)
            for one in continuations
        ]
        with database.transaction() as session:
            stored = submissions.queue_all(session, [Submission((run,), answer) for run in new])
        return [UUID(one.body) if isinstance(one, StoredAnswer) else one for one in stored.outcomes]

    return queue


def read_curves(database, run_id):
    with database.reading() as session:
        series = points.list_series(session, [run_id])
        found = points.read_points(session, series)
        return {one.key: part.steps.tolist() for one, part in zip(series, found, strict=True)}


def list_checkpoints(database, run_id):
    with database.reading() as session:
        return [(one.attempt, checkpoints.as_checkpoint(one)) for one in checkpoints.list_of_run(session, run_id)]


def test_a_run_begins_with_the_newest_checkpoint_and_the_best(database, source, go_on):
    before = list_checkpoints(database, source)
    (run_id,) = go_on(Continuation(source, NEWEST.step))
    assert list_checkpoints(database, run_id) == [(0, NEWEST), (0, BEST)]
    assert list_checkpoints(database, source) == before


def test_a_best_checkpoint_that_is_later_is_not_of_the_new_run(database, source, go_on):
    with database.transaction() as session:
        session.execute(update(CheckpointRecord).values(is_best=CheckpointRecord.step == NEWEST.step))
    (run_id,) = go_on(Continuation(source, BEST.step))
    assert list_checkpoints(database, run_id) == [(0, replace(BEST, is_best=False))]


def test_a_checkpoint_that_is_the_best_comes_once(database, source, go_on):
    (run_id,) = go_on(Continuation(source, BEST.step))
    assert list_checkpoints(database, run_id) == [(0, BEST)]


def test_curves_are_copied_up_to_the_step_without_the_test(database, source, go_on):
    (run_id,) = go_on(Continuation(source, NEWEST.step))
    assert read_curves(database, run_id) == {"epoch/train/loss": [2, 4, 6], "train/loss": [1, 2, 3, 4, 5, 6]}


def test_its_first_attempt_goes_on_from_there(database, source, go_on, claim):
    (run_id,) = go_on(Continuation(source, NEWEST.step))
    claimed = claim()
    assert (claimed.run_id, claimed.checkpoint) == (run_id, NEWEST)
    with database.reading() as session:
        assert [one.resumed_at_step for one in runs.list_attempts(session, run_id)] == [NEWEST.step]
        assert runs.get(session, run_id).latest_metrics == {"train/loss": 1 / 6, "epoch/train/loss": 1 / 6}
    assert read_curves(database, run_id)["train/loss"] == [1, 2, 3, 4, 5, 6]


def test_its_files_stay_when_the_other_run_is_deleted(database, source, go_on):
    go_on(Continuation(source, NEWEST.step))
    with database.transaction() as session:
        assert runs.delete(session, source).files == []


def test_a_checkpoint_that_was_deleted_meanwhile_refuses_its_submission_alone(database, source, go_on):
    refused, accepted = go_on(Continuation(source, 5), Continuation(source, NEWEST.step))
    assert isinstance(refused, Conflict)
    assert "at step 5 was deleted just now" in refused.detail
    assert list_checkpoints(database, accepted) == [(0, NEWEST), (0, BEST)]


def test_a_damaged_curve_is_left_out_and_refuses_nobody(database, source, go_on):
    with database.transaction() as session:
        broken = next(one for one in points.list_series(session, [source]) if one.key == "train/loss")
        damage = update(MetricChunkRecord).where(MetricChunkRecord.series_id == broken.id).values(points=b"damaged")
        session.execute(damage)
    damaged, whole = go_on(Continuation(source, NEWEST.step), None)
    assert read_curves(database, damaged) == {"epoch/train/loss": [2, 4, 6]}
    assert read_curves(database, whole) == {}


def test_a_checkpoint_to_go_on_from_stays_until_the_transaction_ends(database, source):
    deleted = []

    def delete():
        with database.transaction() as session:
            deleted.append(runs.delete(session, source).files)

    thread = Thread(target=delete)
    wanted = Continuation(source, NEWEST.step)
    with database.transaction() as session:
        continuations.check(session, wanted)
        thread.start()
        thread.join(DELETION_SECONDS)
        other = runs.create(session, experiment="trials", model_name="adder", spec={"seed": 8})
        continuations.begin(session, other.id, wanted)
    thread.join()
    assert deleted == [[]]
