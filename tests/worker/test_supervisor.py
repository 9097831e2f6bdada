"""Runs from claim to end, with a stand-in for the trainer and real databases."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from core.errors import DatabaseUnavailable, Problem
from core.notices import Notice
from core.run_report import RunError
from core.run_state import RunState
from core.settings import Settings
from db import artifacts, history, metrics, model_versions, runs
from db.claims import claim_run, release_run
from db.points import list_series, read_points
from db.session import Database
from storage.artifact_folder import ArtifactFolder
from worker.supervisor import Supervisor


def test_a_doorbell_trains_every_queued_run(supervisor, queue):
    submitted = [queue.submit("succeeds") for _ in range(3)]

    assert supervisor.answer_doorbell() == 3

    assert {queue.get(run).state for run in submitted} == {RunState.SUCCEEDED}


def test_a_doorbell_with_nothing_queued_does_nothing(supervisor):
    assert supervisor.answer_doorbell() == 0


def test_a_redelivered_doorbell_does_not_train_twice(settings, database, make_pool, queue):
    supervisor = Supervisor(settings, database, make_pool(2))
    run = queue.submit("trains-slowly")

    with ThreadPoolExecutor(4) as threads:
        claimed = list(threads.map(lambda _: supervisor.answer_doorbell(), range(4)))

    assert sum(claimed) == 1
    assert queue.get(run).attempt == 1


def test_a_finished_run_has_its_files_its_curve_and_a_model_version(supervisor, settings, database, queue):
    run = queue.submit("succeeds")

    supervisor.answer_doorbell()

    with database.reading() as session:
        files = {artifact.name: artifact for artifact in artifacts.list_for_run(session, run.id)}
        (curve,) = history.history(session, run.id, keys=["train/loss"]).curves
        version = model_versions.resolve(session, "succeeds")
    assert set(files) == {"model.onnx", "trainer.log"}
    stored = ArtifactFolder(settings.artifacts_dir).verified_path(files["model.onnx"].sha256)
    assert stored.read_bytes() == f"model of {run.id}".encode()
    assert curve.x.tolist() == [5, 10]
    assert version.run_id == run.id
    record = queue.get(run)
    assert record.latest_metrics["test/loss"] == 0.25
    assert record.device == "cpu"
    assert set(record.phases) == {"queue", "train"}


def test_a_run_that_cannot_be_trained_fails_with_the_reason_and_is_not_tried_again(supervisor, database, queue):
    run = queue.submit("fails")

    supervisor.answer_doorbell()

    record = queue.get(run)
    assert record.state == RunState.FAILED
    assert record.attempt == 1
    assert record.error.code == "training_failed"
    assert "Lower the learning rate" in record.error.detail
    with database.reading() as session:
        assert [artifact.name for artifact in artifacts.list_for_run(session, run.id)] == ["trainer.log"]


def test_a_failed_run_keeps_every_problem_that_its_trainer_found(supervisor, queue):
    run = queue.submit("does-not-fit")

    supervisor.answer_doorbell()

    problem = Problem(pointer="/dataset/target", detail="There is no column 'y'.", code="unknown_column")
    assert queue.get(run).error == RunError("invalid_spec", problem.detail, 1, (problem,))


def test_each_phase_of_a_run_is_seen_while_it_lasts(supervisor, settings, queue, in_background, wait_until):
    run = queue.submit("goes-through-phases")
    settings.datasets_dir.mkdir()
    in_background(supervisor.answer_doorbell)

    seen = []
    for phase in ("start", "compile", "train", "validate", "export"):
        wait_until(lambda phase=phase: (queue.get(run).progress or {}).get("phase") == phase)
        seen.append(queue.get(run).progress["step"])
        (settings.datasets_dir / phase).touch()

    assert seen == [0, 0, 10, 10, 10]
    assert queue.wait_for(run, RunState.SUCCEEDED).progress["phase"] == "export"


def test_a_run_whose_trainer_was_killed_is_tried_again(supervisor, queue):
    run = queue.submit("crashes-once")

    supervisor.answer_doorbell()
    supervisor.answer_doorbell()

    record = queue.wait_for(run, RunState.SUCCEEDED)
    assert record.attempt == 2


def test_a_run_keeps_the_warnings_of_its_spec_and_of_its_data_once_though_it_is_tried_twice(supervisor, queue):
    known = Notice("rows_dropped", "/dataset/target", "2 rows are left out.")
    found = Notice("class_not_trained", "/dataset/split", "The class 'c' has no training row.")
    run = queue.submit("crashes-once", warnings=[known])
    # The stand-in reports those that it was told of as well.
    supervisor.answer_doorbell()
    supervisor.answer_doorbell()
    record = queue.wait_for(run, RunState.SUCCEEDED)
    assert record.attempt == 2
    assert record.warnings == (known, found)


def test_a_run_that_kills_every_trainer_fails_after_its_attempts_and_others_go_on(supervisor, queue):
    poison = queue.submit("crashes", max_attempts=2)
    good = queue.submit("succeeds")

    while queue.get(good).state != RunState.SUCCEEDED:
        supervisor.answer_doorbell()

    record = queue.get(poison)
    assert record.state == RunState.FAILED
    assert record.attempt == 2
    assert "SIGKILL" in record.error.detail


def test_a_running_run_stops_soon_after_it_is_cancelled(supervisor, queue, in_background):
    run = queue.submit("hangs")
    in_background(supervisor.answer_doorbell)
    queue.wait_for(run, RunState.RUNNING)

    queue.cancel(run)

    assert queue.wait_for(run, RunState.CANCELLED).ended_at is not None


def test_a_drain_gives_the_run_back_without_counting_an_attempt_as_crashed(supervisor, database, queue, in_background):
    run = queue.submit("hangs", max_attempts=1)
    thread = in_background(supervisor.answer_doorbell)
    queue.wait_for(run, RunState.RUNNING)

    supervisor.drain()
    thread.join(timeout=20)

    assert queue.get(run).state == RunState.QUEUED
    with database.reading() as session:
        assert [attempt.outcome for attempt in runs.list_attempts(session, run.id)] == ["released"]


def test_an_attempt_that_lost_its_lease_writes_nothing_more(supervisor, database, queue, in_background):
    run = queue.submit("trains-slowly")
    thread = in_background(supervisor.answer_doorbell)
    queue.wait_for(run, RunState.RUNNING)

    # What the reconciler and another worker do when this one is frozen past its lease.
    with database.transaction() as session:
        release_run(session, run.id, 1, reason="taken away by the test", count_as_crash=True)
    with database.transaction() as session:
        other = claim_run(session, owner="other", lease_seconds=60)
    thread.join(timeout=20)

    record = queue.get(run)
    assert other is not None
    assert (record.state, record.attempt, record.owner) == (RunState.RUNNING, 2, "other")
    with database.reading() as session:
        assert metrics.list_keys(session, run.id) == []


def test_a_run_over_its_time_limit_fails_and_says_which_setting(settings, database, make_pool, queue):
    hasty = settings.model_copy(update={"run_timeout_seconds": 0.3})
    run = queue.submit("hangs")

    Supervisor(hasty, database, make_pool()).answer_doorbell()

    record = queue.get(run)
    assert record.state == RunState.FAILED
    assert "TRAINYARD_RUN_TIMEOUT_SECONDS" in record.error.detail


def test_a_run_survives_a_database_that_is_away_for_a_while(settings, database, make_pool, queue, monkeypatch):
    supervisor = Supervisor(settings, database, make_pool())
    run = queue.submit("trains-slowly")
    open_transaction = database.transaction
    away = {"from": 0.0, "until": 0.0}

    def sometimes_away():
        if away["from"] == 0.0 and queue.get(run).state == RunState.RUNNING:
            away["from"] = time.monotonic()
            away["until"] = away["from"] + 1.0
        if time.monotonic() < away["until"]:
            raise DatabaseUnavailable("The database is away.")
        return open_transaction()

    monkeypatch.setattr(database, "transaction", sometimes_away)

    supervisor.answer_doorbell()

    assert away["from"] > 0.0
    record = queue.get(run)
    assert (record.state, record.attempt) == (RunState.SUCCEEDED, 1)
    with database.reading() as session:
        (curve,) = history.history(session, run.id, keys=["train/loss"]).curves
    assert curve.x.tolist() == [5, 10, 15, 20, 25, 30, 35]


def curves_of(database, run):
    with database.reading() as session:
        return {one.key: (one, read_points(session, [one])[0]) for one in list_series(session, [run.id])}


def assert_has_every_point(database, run):
    """Check the curves of a run that reported many points."""
    steps = np.arange(1, 60_001)
    for series, points in (curves_of(database, run)[key] for key in ("train/loss", "train/accuracy")):
        # The first report of the stand-in is another point of step 5, which these replace.
        assert (series.count, series.last, series.last_step) == (60_000, np.sqrt(60_000), 60_000)
        assert np.array_equal(points.steps, steps)
        assert np.array_equal(points.values, np.sqrt(steps))
        assert np.array_equal(points.times, steps / 1_000)


def test_a_database_that_does_not_answer_does_not_delay_the_trainer(
    settings, database, make_pool, queue, wait_until, monkeypatch
):
    monkeypatch.setattr("worker.spool.MAX_IN_MEMORY", 10_000)
    supervisor = Supervisor(settings, database, make_pool())
    run = queue.submit("reports-many-points")
    open_transaction = database.transaction
    most_files = 0

    @contextmanager
    def frozen_until_all_is_sent():
        nonlocal most_files
        if queue.get(run).state == RunState.RUNNING:
            wait_until((settings.datasets_dir / "sent").exists)
            most_files = max(most_files, len(list(settings.scratch_dir.glob("*/*/points/*"))))
        with open_transaction() as session:
            yield session

    monkeypatch.setattr(database, "transaction", frozen_until_all_is_sent)
    supervisor.answer_doorbell()

    record = queue.get(run)
    assert (record.state, record.attempt) == (RunState.SUCCEEDED, 1)
    assert most_files > 5
    assert [notice.code for notice in record.warnings] == ["class_not_trained"]
    assert_has_every_point(database, run)


def test_points_whose_storage_is_in_doubt_are_stored_again_and_count_once(
    settings, database, make_pool, queue, monkeypatch
):
    monkeypatch.setattr("worker.spool.MAX_IN_MEMORY", 10_000)
    monkeypatch.setattr("worker.watching.SHORTEST_BEAT_SECONDS", 0.0)
    hasty = settings.model_copy(update={"heartbeat_seconds": 0.01})
    supervisor = Supervisor(hasty, database, make_pool())
    run = queue.submit("reports-many-points")
    open_transaction = database.transaction
    num_reports = 0

    @contextmanager
    def commits_and_then_breaks():
        nonlocal num_reports
        is_report = queue.get(run).state == RunState.RUNNING
        with open_transaction() as session:
            yield session
        if is_report and queue.get(run).state == RunState.RUNNING:
            num_reports += 1
            if num_reports % 2:
                raise DatabaseUnavailable("The connection broke during the commit.")

    monkeypatch.setattr(database, "transaction", commits_and_then_breaks)
    supervisor.answer_doorbell()

    assert queue.get(run).state == RunState.SUCCEEDED
    assert num_reports > 2
    assert_has_every_point(database, run)


def test_a_run_says_which_points_an_outage_cost_it(settings, database, make_pool, queue, monkeypatch):
    monkeypatch.setattr("worker.spool.MAX_IN_MEMORY", 10_000)
    small = settings.model_copy(update={"max_spool_bytes": 50_000})
    supervisor = Supervisor(small, database, make_pool())
    run = queue.submit("reports-many-points")
    open_transaction = database.transaction

    @contextmanager
    def away_until_all_is_sent():
        if queue.get(run).state == RunState.RUNNING and not (settings.datasets_dir / "sent").exists():
            raise DatabaseUnavailable("The database is away.")
        with open_transaction() as session:
            yield session

    monkeypatch.setattr(database, "transaction", away_until_all_is_sent)
    supervisor.answer_doorbell()

    record = queue.get(run)
    assert record.state == RunState.SUCCEEDED
    first, notice = record.warnings
    assert (first.code, notice.code) == ("class_not_trained", "points_left_out")
    series, points = curves_of(database, run)["train/loss"]
    assert 1_000 < series.count == len(points) < 60_000
    assert np.array_equal(points.values, np.sqrt(points.steps))
    assert points.steps[-1] == 60_000


def test_scratch_files_of_an_attempt_are_removed(supervisor, settings, queue):
    queue.submit("succeeds")

    supervisor.answer_doorbell()

    assert list(settings.scratch_dir.iterdir()) == []


@pytest.mark.parametrize("behaviour", ["fails", "crashes"])
def test_a_trainer_that_failed_is_replaced(settings: Settings, database: Database, make_pool, queue, behaviour):
    pool = make_pool()
    supervisor = Supervisor(settings, database, pool)
    assert pool.wait_until_warm(20)
    with pool.borrow(5) as trainer:
        first = trainer.pid
    queue.submit(behaviour, max_attempts=1)

    supervisor.answer_doorbell()

    with pool.borrow(20) as trainer:
        assert trainer.pid != first


def test_a_trainer_that_succeeded_trains_the_next_run_too(settings, database, make_pool, queue):
    pool = make_pool()
    supervisor = Supervisor(settings, database, pool)
    queue.submit("succeeds")
    queue.submit("succeeds")

    supervisor.answer_doorbell()

    with pool.borrow(5) as trainer:
        assert trainer.num_runs == 2
