import math
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import column, table, update

from core.errors import AttemptFenced, Problem
from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport, RunError
from core.run_state import RunState
from db import artifacts, claims, expiry, metrics, model_versions, runs
from db.columns import Json
from db.records.jobs import AttemptOutcome
from db.records.runs import RunRecord

LOSS = MetricBatch(key="train/loss", steps=(1, 2), values=(0.5, 0.25), times=(10.0, 11.0))
HALFWAY = Progress(phase=Phase.TRAIN, epoch=1, num_epochs=2, step=10, num_steps=20)


def read(database, run_id):
    with database.reading() as session:
        return runs.get(session, run_id)


def attempts(database, run_id):
    with database.reading() as session:
        return runs.list_attempts(session, run_id)


def summaries(database, run_id):
    with database.reading() as session:
        return metrics.list_keys(session, run_id)


def lose(database):
    """Take back every run; they must have been claimed with leases that have already ended."""
    with database.transaction() as session:
        return expiry.expire_leases(session)


def test_claim_takes_the_oldest_queued_run(queue_run, claim):
    first, second = queue_run(), queue_run()
    assert [claim().run_id, claim().run_id] == [first, second]


def test_claim_of_an_empty_queue_is_none(database):
    with database.transaction() as session:
        assert claims.claim_run(session, owner="worker-1", lease_seconds=60) is None


def test_claim_hands_out_what_the_trainer_needs(queue_run, claim):
    run_id = queue_run(spec={"seed": 7, "name": "adder"}, preset="binary-adder", max_attempts=2)
    claimed = claim(owner="worker-9")
    assert (claimed.run_id, claimed.attempt, claimed.max_attempts) == (run_id, 1, 2)
    assert (claimed.spec, claimed.seed, claimed.preset) == ({"seed": 7, "name": "adder"}, 7, "binary-adder")
    assert (claimed.owner, claimed.experiment, claimed.model_name) == ("worker-9", "trials", "adder")
    assert claimed.queue_seconds >= 0


def test_the_time_in_the_queue_is_counted_in_seconds_since_the_run_was_queued(database, queue_run, claim):
    run_id = queue_run()
    queued = read(database, run_id).queued_at
    with database.transaction() as session:
        session.execute(update(RunRecord).values(queued_at=queued - timedelta(hours=1)))

    claimed = claim()

    waited = read(database, run_id).started_at - queued + timedelta(hours=1)
    assert claimed.queue_seconds == pytest.approx(waited.total_seconds(), abs=1e-3)


def test_claim_leases_the_run_by_the_databases_clock(database, queue_run, claim):
    run_id = queue_run()
    claimed = claim(owner="worker-9", lease_seconds=60)
    run = read(database, run_id)
    assert (run.state, run.owner, run.attempt) == (RunState.RUNNING, "worker-9", 1)
    assert run.lease_expires_at == claimed.lease_expires_at
    # PostgreSQL's clock moves on a little between two columns of one statement.
    assert abs(run.lease_expires_at - run.started_at - timedelta(seconds=60)) < timedelta(seconds=1)


def test_claim_begins_an_attempt(database, queue_run, claim):
    run_id = queue_run()
    claim(owner="worker-9")
    (attempt,) = attempts(database, run_id)
    assert (attempt.number, attempt.owner, attempt.outcome, attempt.ended_at) == (1, "worker-9", None, None)


def test_claim_deletes_the_curves_of_the_attempt_before(database, queue_run, claim):
    run_id = queue_run()
    lost = claim()
    with database.transaction() as session:
        claims.record_progress(session, run_id, lost.attempt, -1, progress=HALFWAY, batches=[LOSS])
    lose(database)
    claimed = claim()
    assert claimed.attempt == 2
    assert summaries(database, run_id) == []
    run = read(database, run_id)
    assert (run.latest_metrics, run.progress) == ({}, None)


def test_renewing_moves_the_end_of_the_lease(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.renew_lease(session, claimed.run_id, claimed.attempt, 3600)
    moved = read(database, claimed.run_id).lease_expires_at - claimed.lease_expires_at
    assert moved >= timedelta(seconds=3540)


def claim_after(queue_run, claim, **options):
    queue_run()
    return claim(**options)


def test_an_expired_lease_can_be_renewed_until_it_is_taken_back(database, queue_run, claim):
    claimed = claim_after(queue_run, claim, lease_seconds=-1)
    with database.transaction() as session:
        claims.renew_lease(session, claimed.run_id, claimed.attempt, 60)
    assert lose(database) == []


def test_heartbeat_reports_that_a_cancel_was_requested(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        assert not claims.renew_lease(session, claimed.run_id, claimed.attempt, 60).cancel_requested
        runs.cancel(session, claimed.run_id)
        assert claims.renew_lease(session, claimed.run_id, claimed.attempt, 60).cancel_requested


def test_heartbeat_is_no_change_that_a_client_can_see(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    before = read(database, claimed.run_id)
    with database.transaction() as session:
        claims.renew_lease(session, claimed.run_id, claimed.attempt, 60)
    after = read(database, claimed.run_id)
    assert (after.revision, after.updated_at) == (before.revision, before.updated_at)


def test_progress_is_stored_with_the_latest_metrics(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, 1, 60, progress=HALFWAY, batches=[LOSS])
        claims.record_progress(session, claimed.run_id, 1, 60, latest_metrics={"epoch/train/loss": 0.3})
    run = read(database, claimed.run_id)
    assert run.progress == {"phase": "train", "epoch": 1, "num_epochs": 2, "step": 10, "num_steps": 20} | {
        "steps_per_epoch": 0,
        "first_step": 0,
    }
    assert run.latest_metrics == {"train/loss": 0.25, "epoch/train/loss": 0.3}
    assert [(summary.key, summary.count) for summary in summaries(database, run.id)] == [("train/loss", 2)]


def test_latest_metrics_may_be_nan_and_infinite(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    values = {"a": math.nan, "b": math.inf, "c": -math.inf}
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, 1, 60, latest_metrics=values)
    stored = read(database, claimed.run_id).latest_metrics
    assert math.isnan(stored["a"])
    assert (stored["b"], stored["c"]) == (math.inf, -math.inf)


def test_repeated_progress_does_not_count_as_moving(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, 1, 60, progress=HALFWAY)
    before = read(database, claimed.run_id)
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, 1, 60, progress=HALFWAY)
    after = read(database, claimed.run_id)
    assert (after.progress_at, after.revision) == (before.progress_at, before.revision)


def test_a_supervisor_that_is_at_work_itself_counts_as_moving(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, 1, 60, progress=HALFWAY)
    before = read(database, claimed.run_id)
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, 1, 60, is_at_work=True)
    after = read(database, claimed.run_id)
    assert after.progress_at > before.progress_at
    assert after.progress == before.progress


def test_details_left_out_stay_as_they_are(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.record_details(session, claimed.run_id, 1, 60, device="CPU", environment={"keras": "3.15"})
        claims.record_details(session, claimed.run_id, 1, 60, engine=EngineReport(plan="xla", batch_size=4))
    run = read(database, claimed.run_id)
    assert (run.device, run.environment) == ("CPU", {"keras": "3.15"})
    assert run.engine == EngineReport(plan="xla", batch_size=4)


OF_THE_SPEC = Notice("rows_dropped", "/dataset/target", "2 rows are left out.")
OF_THE_DATA = Notice("class_not_trained", "/dataset/split", "The class 'c' has no training row.")


def test_warnings_of_the_spec_are_claimed_and_those_of_the_data_come_after_them(database, queue_run, claim):
    run_id = queue_run(warnings=[OF_THE_SPEC])
    claimed = claim()
    assert claimed.warnings == (OF_THE_SPEC,)
    before = read(database, run_id).revision
    with database.transaction() as session:
        claims.record_details(session, run_id, 1, 60, warnings=[OF_THE_DATA])
        claims.record_details(session, run_id, 1, 60, device="CPU")
    run = read(database, run_id)
    assert run.warnings == (OF_THE_SPEC, OF_THE_DATA)
    assert run.revision > before


def test_a_repeated_attempt_does_not_repeat_warnings(database, queue_run, claim):
    run_id = queue_run(warnings=[OF_THE_SPEC])
    claim()
    with database.transaction() as session:
        claims.record_details(session, run_id, 1, 60, warnings=[OF_THE_DATA])
        claims.release_run(session, run_id, 1, reason="drain")
    assert claim().attempt == 2
    assert read(database, run_id).warnings == (OF_THE_SPEC,)
    for _ in range(2):
        with database.transaction() as session:
            claims.record_details(session, run_id, 2, 60, warnings=[OF_THE_SPEC, OF_THE_DATA])
    assert read(database, run_id).warnings == (OF_THE_SPEC, OF_THE_DATA)


def test_released_run_is_queued_again_without_counting_a_crash(database, queue_run, claim):
    run_id = queue_run(max_attempts=1)
    claimed = claim()
    with database.transaction() as session:
        state = claims.release_run(session, run_id, claimed.attempt, reason="The worker is shutting down.")
    run = read(database, run_id)
    assert (state, run.state, run.num_crashes) == (RunState.QUEUED, RunState.QUEUED, 0)
    assert (run.owner, run.lease_expires_at, run.progress) == (None, None, None)
    (attempt,) = attempts(database, run_id)
    assert (attempt.outcome, attempt.detail) == (AttemptOutcome.RELEASED, "The worker is shutting down.")
    assert attempt.ended_at is not None
    assert claim().attempt == 2


def test_released_run_keeps_its_place_in_the_queue(database, queue_run, claim):
    first, _second = queue_run(), queue_run()
    claimed = claim()
    with database.transaction() as session:
        claims.release_run(session, first, claimed.attempt, reason="drain")
    assert claim().run_id == first


def test_run_fails_with_its_last_allowed_crash(database, queue_run, claim):
    run_id = queue_run(max_attempts=2)
    states = []
    for _ in range(2):
        claimed = claim()
        with database.transaction() as session:
            states.append(
                claims.release_run(session, run_id, claimed.attempt, reason="out of memory.", count_as_crash=True)
            )
    assert states == [RunState.QUEUED, RunState.FAILED]
    run = read(database, run_id)
    assert run.error == RunError(
        "trainer_lost", "The trainer was lost in 2 of 2 attempts; the last time: out of memory.", 2
    )
    assert run.ended_at is not None
    assert [attempt.outcome for attempt in attempts(database, run_id)] == [AttemptOutcome.CRASHED] * 2


def test_run_that_was_to_be_cancelled_is_not_queued_again(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        runs.cancel(session, claimed.run_id)
        state = claims.release_run(session, claimed.run_id, claimed.attempt, reason="drain")
    assert (state, read(database, claimed.run_id).state) == (RunState.CANCELLED, RunState.CANCELLED)


def test_finishing_stores_everything_at_once(database, queue_run, claim, make_artifact):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, 1, 60, latest_metrics={"train/loss": 0.5})
        version = claims.finish_run(
            session,
            claimed.run_id,
            1,
            artifacts=[make_artifact("model.onnx"), make_artifact("signature.json", "b")],
            phases={"queue": 0.5, "train": 2.0},
            latest_metrics={"test/loss": math.nan},
        )
    run = read(database, claimed.run_id)
    assert (run.state, run.model_version, version) == (RunState.SUCCEEDED, 1, 1)
    assert (run.owner, run.lease_expires_at, run.phases) == (None, None, {"queue": 0.5, "train": 2.0})
    assert run.latest_metrics["train/loss"] == 0.5
    assert math.isnan(run.latest_metrics["test/loss"])
    assert run.ended_at >= run.started_at
    with database.reading() as session:
        files = artifacts.list_for_run(session, run.id)
        assert model_versions.resolve(session, "adder").run_id == run.id
    assert [file.name for file in files] == ["model.onnx", "signature.json"]
    assert attempts(database, run.id)[0].outcome == AttemptOutcome.SUCCEEDED


def test_finishing_again_returns_the_same_version(database, queue_run, claim, finish):
    claimed = claim_after(queue_run, claim)
    assert [finish(claimed), finish(claimed)] == [1, 1]
    with database.reading() as session:
        assert len(model_versions.get_model(session, "adder").versions) == 1


def test_a_run_may_succeed_though_a_cancel_was_requested_too_late(database, queue_run, claim, finish):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        runs.cancel(session, claimed.run_id)
    assert finish(claimed) == 1


def test_failing_keeps_the_error_and_the_log(database, queue_run, claim, make_artifact):
    claimed = claim_after(queue_run, claim)
    problem = Problem("/spec/training", "Too fast.", "too_fast")
    error = RunError("training_failed", "The loss became NaN at step 12.", problems=(problem,))
    with database.transaction() as session:
        claims.fail_run(session, claimed.run_id, 1, error=error, artifacts=[make_artifact("trainer.log")])
        claims.fail_run(session, claimed.run_id, 1, error=RunError("other"))
    run = read(database, claimed.run_id)
    assert run.state == RunState.FAILED
    assert run.error == RunError("training_failed", "The loss became NaN at step 12.", 1, (problem,))
    (attempt,) = attempts(database, run.id)
    assert (attempt.outcome, attempt.detail) == (AttemptOutcome.FAILED, error.detail)
    with database.reading() as session:
        assert artifacts.get(session, run.id, "trainer.log").num_bytes == 3


def test_what_failed_runs_of_earlier_revisions_stored_can_still_be_read(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.fail_run(session, claimed.run_id, 1, error=RunError("x"))
    problem = {"pointer": "/spec", "detail": "Wrong.", "code": "wrong"}
    stored = {"code": "invalid_spec", "detail": "It is wrong.", "attempt": 1, "errors": [problem], "hint": "?"}
    engine = {"plan": "graph", "tried": {}, "of_later": 1}
    runs_table = table("runs", column("error", Json), column("engine", Json))
    with database.transaction() as session:
        session.execute(update(runs_table).values(error=stored, engine=engine))
    run = read(database, claimed.run_id)
    assert run.error == RunError("invalid_spec", "It is wrong.", 1, (Problem(**problem),))
    assert run.engine == EngineReport(plan="graph")


def test_error_text_that_cannot_be_stored_is_replaced(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        claims.fail_run(session, claimed.run_id, 1, error=RunError("x", "a\x00b\ud800c"))
    assert read(database, claimed.run_id).error.detail == "a\ufffdb\ufffdc"
    assert attempts(database, claimed.run_id)[0].detail == "a\ufffdb\ufffdc"


def test_cancelling_a_stopped_attempt_ends_the_run(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    with database.transaction() as session:
        runs.cancel(session, claimed.run_id)
        claims.cancel_running(session, claimed.run_id, 1, phases={"train": 1.0})
        claims.cancel_running(session, claimed.run_id, 1)
    run = read(database, claimed.run_id)
    assert (run.state, run.phases) == (RunState.CANCELLED, {"train": 1.0})
    assert attempts(database, run.id)[0].outcome == AttemptOutcome.CANCELLED


WRITES = {
    "renew_lease": lambda session, run_id, attempt: claims.renew_lease(session, run_id, attempt, 60),
    "record_progress": lambda session, run_id, attempt: claims.record_progress(
        session, run_id, attempt, 60, progress=HALFWAY, batches=[LOSS]
    ),
    "record_details": lambda session, run_id, attempt: claims.record_details(
        session, run_id, attempt, 60, device="GPU"
    ),
    "record_warnings": lambda session, run_id, attempt: claims.record_details(
        session, run_id, attempt, 60, warnings=[OF_THE_DATA]
    ),
    "release_run": lambda session, run_id, attempt: claims.release_run(session, run_id, attempt, reason="drain"),
    "finish_run": lambda session, run_id, attempt: claims.finish_run(session, run_id, attempt, artifacts=(), phases={}),
    "fail_run": lambda session, run_id, attempt: claims.fail_run(session, run_id, attempt, error=RunError("x")),
    "cancel_running": claims.cancel_running,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_fenced_attempt_writes_nothing(database, queue_run, claim, write):
    run_id = queue_run()
    lost = claim(lease_seconds=-1)
    lose(database)
    claim(owner="worker-2")
    before = vars(read(database, run_id))
    with pytest.raises(AttemptFenced), database.transaction() as session:
        write(session, run_id, lost.attempt)
    after = vars(read(database, run_id))
    assert {**after, "_sa_instance_state": None} == {**before, "_sa_instance_state": None}
    assert [attempt.outcome for attempt in attempts(database, run_id)] == [AttemptOutcome.LEASE_EXPIRED, None]
    assert summaries(database, run_id) == []


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_attempt_at_a_run_that_never_was_is_fenced(database, write):
    with pytest.raises(AttemptFenced), database.transaction() as session:
        write(session, uuid4(), 1)


@pytest.mark.parametrize("name", ["renew_lease", "record_progress", "record_details", "release_run", "fail_run"])
def test_attempt_that_has_succeeded_can_only_finish_again(database, queue_run, claim, finish, name):
    claimed = claim_after(queue_run, claim)
    finish(claimed)
    with pytest.raises(AttemptFenced), database.transaction() as session:
        WRITES[name](session, claimed.run_id, claimed.attempt)
    assert read(database, claimed.run_id).state == RunState.SUCCEEDED


def test_release_may_be_repeated(database, queue_run, claim):
    claimed = claim_after(queue_run, claim)
    states = []
    for _ in range(2):
        with database.transaction() as session:
            states.append(claims.release_run(session, claimed.run_id, 1, reason="lost", count_as_crash=True))
    assert states == [RunState.QUEUED, RunState.QUEUED]
    assert read(database, claimed.run_id).num_crashes == 1
