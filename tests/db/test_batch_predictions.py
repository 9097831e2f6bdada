"""The lease protocol of batch predictions, and what they keep from being deleted."""

import pytest

from core.artifacts import Artifact
from core.batch_predictions import AnswerKind, BatchPlan, BatchProgress, RefusedRow, ResultFormat
from core.errors import (
    AttemptFenced,
    Conflict,
    IllegalMove,
    NotFound,
    UnknownBatchPrediction,
    UnknownDataset,
    UnknownDatasetVersion,
    UnknownModel,
)
from core.run_report import RunError
from core.run_state import RunState
from core.served_models import ServedVersion
from core.uploads.description import DescriptionFile, TableDescription
from db import artifacts, batch_predictions, datasets, dead_letters, expiry, runs
from db.dead_letters import LetterKind
from db.records.datasets import DatasetVersionRecord
from db.records.jobs import AttemptOutcome

PLAN = BatchPlan(start=0, stop=10, columns=("id",), answers=AnswerKind.LABELS, format=ResultFormat.CSV)
RESULT = Artifact(name="answers.csv", sha256="f" * 64, num_bytes=120, media_type="text/csv; charset=utf-8")
VERSION = ServedVersion(version=1, run_id=None, network_sha256="a" * 64, signature_sha256="b" * 64)


@pytest.fixture
def flowers(database):
    """A version of a dataset."""
    described = DescriptionFile(format="csv", description=TableDescription(num_rows=10, columns=()))
    with database.transaction() as session:
        return datasets.add(
            session, name="flowers", sha256="c" * 64, num_bytes=7, described=described, summary="10 rows"
        )[0]


@pytest.fixture
def queue(database, finished_run, flowers):
    """Queue a batch prediction of version 1 of the model `adder`, which a run registers at the first call."""
    registered = []

    def create(**changes):
        if not registered:
            registered.append(finished_run())
        options = {"model_name": "adder", "version": VERSION, "dataset": flowers, "plan": PLAN} | changes
        with database.transaction() as session:
            return batch_predictions.create(session, **options).id

    return create


@pytest.fixture
def claim_batch(database):
    """Claim the oldest queued batch prediction."""

    def claim_oldest(lease_seconds=60.0):
        with database.transaction() as session:
            return batch_predictions.claim(session, owner="worker-1", lease_seconds=lease_seconds)

    return claim_oldest


def finish(database, claimed, result=RESULT):
    with database.transaction() as session:
        refused = [RefusedRow(3, "It has null for a, not a number.")]
        batch_predictions.finish(
            session, claimed.id, claimed.attempt, result=result, num_rows=10, num_refused=1, refused_rows=refused
        )


def show(database, batch_id):
    with database.reading() as session:
        return batch_predictions.get(session, batch_id)


def attempts(database, batch_id):
    with database.reading() as session:
        return [attempt.outcome for attempt in batch_predictions.list_attempts(session, batch_id)]


def test_it_is_claimed_once_reports_progress_and_ends_with_its_result(database, queue, claim_batch):
    batch_id = queue()
    with database.reading() as session:
        assert batch_predictions.is_any_queued(session)
    claimed = claim_batch()
    assert claim_batch() is None
    assert (claimed.id, claimed.attempt, claimed.plan, claimed.dataset_key) == (batch_id, 1, PLAN, "c" * 64)
    assert (claimed.network_sha256, claimed.signature_sha256) == ("a" * 64, "b" * 64)
    with database.transaction() as session:
        assert not batch_predictions.is_any_queued(session)
        progress = BatchProgress(num_done=4, rows_per_second=2.5)
        heartbeat = batch_predictions.record_progress(session, batch_id, 1, 60, progress)
        assert not heartbeat.cancel_requested
    before = show(database, batch_id)
    assert before.progress == {"num_done": 4, "rows_per_second": 2.5}
    with database.transaction() as session:
        batch_predictions.record_progress(session, batch_id, 1, 60, progress)
    # The same report shows that the worker is alive, and changes nothing that a client sees.
    assert show(database, batch_id).revision == before.revision
    finish(database, claimed)
    finish(database, claimed)
    ended = show(database, batch_id)
    assert (ended.state, ended.owner, ended.lease_expires_at) == (RunState.SUCCEEDED, None, None)
    assert ended.progress == {"num_done": 10, "rows_per_second": 2.5}
    assert (ended.num_refused, ended.refused_rows) == (1, (RefusedRow(3, "It has null for a, not a number."),))
    assert (ended.result_name, ended.result_sha256, ended.result_num_bytes) == ("answers.csv", "f" * 64, 120)
    assert attempts(database, batch_id) == [AttemptOutcome.SUCCEEDED]


def test_an_attempt_that_lost_its_lease_is_fenced(database, queue, claim_batch):
    batch_id = queue()
    first = claim_batch(lease_seconds=-1)
    with database.transaction() as session:
        (expired,) = expiry.expire_leases(session)
    assert (expired.noun, expired.job_id, expired.state) == ("batch prediction", batch_id, RunState.QUEUED)
    second = claim_batch()
    assert second.attempt == 2
    for write in (
        lambda session: batch_predictions.record_progress(session, batch_id, 1, 60),
        lambda session: batch_predictions.cancel_running(session, batch_id, 1),
        lambda session: batch_predictions.fail(session, batch_id, 1, RunError("x")),
        lambda session: batch_predictions.release(session, batch_id, 1, reason="x"),
    ):
        with pytest.raises(AttemptFenced, match="Attempt 1 at batch prediction"), database.transaction() as session:
            write(session)
    with pytest.raises(AttemptFenced):
        finish(database, first)
    finish(database, second)
    assert attempts(database, batch_id) == [AttemptOutcome.LEASE_EXPIRED, AttemptOutcome.SUCCEEDED]


def test_it_fails_once_its_attempts_are_used_up(database, queue, claim_batch):
    batch_id = queue(max_attempts=2)
    for state in (RunState.QUEUED, RunState.FAILED):
        claimed = claim_batch()
        with database.transaction() as session:
            place = (session, batch_id, claimed.attempt)
            reason = "killed by SIGKILL"
            assert batch_predictions.release(*place, reason=reason, count_as_crash=True) is state
        with database.transaction() as session:
            assert batch_predictions.release(session, batch_id, claimed.attempt, reason=reason) is state
    error = show(database, batch_id).error
    assert error.code == "predictor_lost"
    assert error.detail == "The process was lost in 2 of 2 attempts; the last time: killed by SIGKILL"


def test_a_drain_does_not_count(database, queue, claim_batch):
    batch_id = queue(max_attempts=1)
    claimed = claim_batch()
    with database.transaction() as session:
        assert batch_predictions.release(session, batch_id, claimed.attempt, reason="drain") is RunState.QUEUED
    assert claim_batch().attempt == 2


def test_a_stalled_one_is_taken_back(database, queue, claim_batch):
    batch_id = queue()
    claim_batch()
    with database.transaction() as session:
        (stalled,) = expiry.end_stalled(session, -10)
    assert (stalled.job_id, stalled.state) == (batch_id, RunState.QUEUED)


def test_cancelling(database, queue, claim_batch):
    queued, running = queue(), queue()
    with database.transaction() as session:
        assert batch_predictions.cancel(session, queued).state is RunState.CANCELLED
    claimed = claim_batch()
    with database.transaction() as session:
        assert batch_predictions.cancel(session, running).state is RunState.RUNNING
    with database.transaction() as session:
        assert batch_predictions.record_progress(session, running, claimed.attempt, 60).cancel_requested
        batch_predictions.cancel_running(session, running, claimed.attempt)
    with database.transaction() as session:
        batch_predictions.cancel_running(session, running, claimed.attempt)
        assert batch_predictions.cancel(session, running).state is RunState.CANCELLED
    assert claim_batch() is None


def test_what_has_ended_cannot_be_cancelled(database, queue, claim_batch):
    batch_id = queue()
    claimed = claim_batch()
    with database.transaction() as session:
        batch_predictions.fail(session, batch_id, claimed.attempt, RunError("invalid_input", "Row 3 is bad."))
    with database.transaction() as session:
        batch_predictions.fail(session, batch_id, claimed.attempt, RunError("invalid_input", "Row 3 is bad."))
    error = show(database, batch_id).error
    assert (error.detail, error.attempt) == ("Row 3 is bad.", 1)
    with (
        pytest.raises(IllegalMove, match=r"The batch prediction has ended \(failed\)"),
        database.transaction() as session,
    ):
        batch_predictions.cancel(session, batch_id)


def test_pages_are_newest_first_and_by_state_and_model(database, queue, claim_batch):
    ids = [queue() for _ in range(5)]
    claim_batch()
    with database.reading() as session:
        first = batch_predictions.list_page(session, limit=3)
        rest = batch_predictions.list_page(session, limit=3, cursor=first.next_cursor)
        assert [record.id for record in (*first.items, *rest.items)] == ids[::-1]
        assert rest.next_cursor is None
        (running,) = batch_predictions.list_page(session, states=[RunState.RUNNING]).items
        assert running.id == ids[0]
        assert len(batch_predictions.list_page(session, model_name="adder").items) == 5
        assert batch_predictions.list_page(session, model_name="other").items == []
        assert batch_predictions.list_unended(session, ids) == set(ids)


def test_what_it_uses_cannot_be_deleted_before_it_has_ended(database, queue, claim_batch, flowers):
    batch_id = queue()
    with database.reading() as session:
        run_id = runs.list_page(session, states=[RunState.SUCCEEDED]).items[0].id
    for delete in (
        lambda session: datasets.delete_version(session, "flowers", 1),
        lambda session: datasets.delete_dataset(session, "flowers"),
        lambda session: runs.delete(session, run_id),
        lambda session: batch_predictions.check_version_unused(session, "adder"),
        lambda session: batch_predictions.delete(session, batch_id),
    ):
        with pytest.raises(Conflict, match=str(batch_id)), database.transaction() as session:
            delete(session)
    finish(database, claim_batch())
    with database.transaction() as session:
        batch_predictions.check_version_unused(session, "adder", 1)
        assert datasets.delete_version(session, "flowers", 1) == [flowers.key]
        runs.delete(session, run_id)
    assert show(database, batch_id).model_version == 1


def test_versions_that_were_deleted_meanwhile_are_not_used(queue, flowers):
    with pytest.raises(UnknownModel, match="Version 7 of model 'adder' was deleted just now"):
        queue(version=ServedVersion(7, None, "a" * 64, "b" * 64))
    gone = DatasetVersionRecord(dataset_name="flowers", version=9, sha256="c" * 64, reading="")
    with pytest.raises(UnknownDatasetVersion, match="Version 9 of the dataset 'flowers' was deleted just now"):
        queue(dataset=gone)
    assert flowers.version == 1


def test_a_result_is_kept_until_it_is_deleted(database, queue, claim_batch):
    one, other = queue(), queue()
    for _ in range(2):
        finish(database, claim_batch())
    with database.transaction() as session:
        assert batch_predictions.delete(session, one) == "f" * 64
        assert artifacts.unreferenced(session, ["f" * 64]) == []
    with database.transaction() as session:
        assert batch_predictions.delete(session, other) == "f" * 64
        assert artifacts.unreferenced(session, ["f" * 64]) == ["f" * 64]
    with pytest.raises(UnknownBatchPrediction, match="GET /v1/batch-predictions"), database.reading() as session:
        batch_predictions.get(session, one)
    with database.reading() as session:
        assert batch_predictions.list_attempts(session, one) == []


def test_many_claims_at_once_take_each_once(queue, claim_batch, at_once):
    ids = {queue() for _ in range(4)}
    claimed = [found for found in at_once(*[claim_batch] * 8) if found is not None]
    assert len(claimed) == 4
    assert {found.id for found in claimed} == ids


@pytest.fixture
def dead_batch(database, queue, claim_batch):
    """A batch prediction that a full disk has ended."""
    batch_id = queue(max_attempts=1)
    claimed = claim_batch()
    with database.transaction() as session:
        error = RunError("storage_failed", "No space left on device.")
        assert batch_predictions.fail(session, claimed.id, claimed.attempt, error) is RunState.FAILED
    return batch_id


def list_letters(database):
    with database.reading() as session:
        assert dead_letters.count(session)[LetterKind.RUN] == 0
        return dead_letters.list_page(session, limit=10).items


def test_one_that_failed_through_no_fault_of_its_own_can_be_repeated_once(database, dead_batch):
    (letter,) = list_letters(database)
    assert (letter.kind, letter.id, letter.model_name, letter.experiment) == (
        LetterKind.BATCH_PREDICTION,
        dead_batch,
        "adder",
        None,
    )
    with database.transaction() as session:
        dead_letters.lock(session, LetterKind.BATCH_PREDICTION, dead_batch)
        again = dead_letters.repeat_batch(session, dead_batch, 3)
        values = (again.state, again.model_version, again.dataset_version, again.plan, again.network_sha256)
    assert values == (RunState.QUEUED, 1, 1, PLAN, "a" * 64)
    assert list_letters(database) == []
    with database.transaction() as session, pytest.raises(NotFound, match="retried already"):
        dead_letters.lock(session, LetterKind.BATCH_PREDICTION, dead_batch)


def test_one_whose_dataset_was_deleted_cannot_be_repeated_and_stays(database, dead_batch):
    with database.transaction() as session:
        datasets.delete_dataset(session, "flowers")
    with pytest.raises(UnknownDataset), database.transaction() as session:
        dead_letters.repeat_batch(session, dead_batch, 3)
    assert [letter.id for letter in list_letters(database)] == [dead_batch]


@pytest.mark.usefixtures("pauses")
def test_one_in_a_pause_is_not_claimed(database, queue, claim_batch):
    queue()
    claimed = claim_batch()
    with database.transaction() as session:
        error = RunError("storage_failed", "No space left on device.")
        assert batch_predictions.fail(session, claimed.id, claimed.attempt, error) is RunState.QUEUED
        assert not batch_predictions.is_any_queued(session)
    assert claim_batch() is None
    assert show(database, claimed.id).retry_at is not None
