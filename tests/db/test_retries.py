"""Attempts that end with an error: whether and when another follows, and what is left as a dead letter."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.progress import Phase, Progress
from core.run_report import RunError
from core.run_state import RunState
from core.workers import MIN_FAILED_STARTS, WaitingKind, WorkerHealth, WorkerState
from db import claims, expiry, runs, workers
from db.records.runs import RunRecord
from db.statements import database_now

pytestmark = pytest.mark.usefixtures("pauses")

FULL = RunError("storage_failed", "The trained model could not be stored: No space left on device.")


def read(database, run_id):
    with database.reading() as session:
        return runs.get(session, run_id)


def pause_of(run):
    """Return the seconds of a pause, without the fractions between two looks at PostgreSQL's clock."""
    return round((run.retry_at - run.queued_at) / timedelta(seconds=1))


def fail(database, claimed, error=FULL):
    with database.transaction() as session:
        return claims.fail_run(session, claimed.run_id, claimed.attempt, error=error, phases={"queue": 0.5})


def lose(database, claimed):
    with database.transaction() as session:
        return claims.release_run(session, claimed.run_id, claimed.attempt, reason="it died.", count_as_crash=True)


def end_pause(database):
    """Let the time of every pause pass; return the number of those that ended."""
    with database.transaction() as session:
        is_paused = RunRecord.retry_at.is_not(None)
        session.execute(update(RunRecord).where(is_paused).values(retry_at=database_now(-0.001)))
    with database.reading() as session:
        is_over = expiry.is_any_wait_over(session)
    with database.transaction() as session:
        num_ended = expiry.end_waits(session)
    assert is_over == (num_ended > 0)
    return num_ended


def claim_any(database):
    with database.transaction() as session:
        return claims.claim_run(session, owner="worker-1", lease_seconds=60.0)


def test_an_error_that_may_pass_has_the_run_queued_again_after_a_pause(database, queue_run, claim):
    run_id = queue_run()

    assert fail(database, claim()) is RunState.QUEUED

    run = read(database, run_id)
    assert (run.state, run.num_crashes, run.error.code, run.error.attempt) == (RunState.QUEUED, 1, FULL.code, 1)
    assert pause_of(run) == 30
    assert run.phases == {"queue": 0.5}
    assert run.dead_since is None


def test_a_run_in_a_pause_is_not_claimed_before_its_end_and_others_go_on(database, queue_run, claim):
    run_id, other = queue_run(), queue_run()
    fail(database, claim())

    assert claim().run_id == other
    assert claim_any(database) is None
    with database.transaction() as session:
        assert expiry.end_waits(session) == 0
        assert expiry.count_unclaimed(session, -1) == 0

    assert end_pause(database) == 1
    with database.reading() as session:
        assert expiry.count_unclaimed(session, -1) == 1
    again = claim()
    assert (again.run_id, again.attempt) == (run_id, 2)
    run = read(database, run_id)
    assert (run.retry_at, run.error) == (None, None)


def test_a_run_fails_with_its_last_error_once_its_attempts_are_used_up_and_is_a_dead_letter(database, queue_run, claim):
    run_id = queue_run(max_attempts=2)
    fail(database, claim())
    end_pause(database)

    assert fail(database, claim()) is RunState.FAILED

    run = read(database, run_id)
    assert (run.error.code, run.error.attempt) == (FULL.code, 2)
    assert run.error.detail == f"{FULL.detail} This was the last of 2 attempts with an error."
    assert run.dead_since is not None
    assert run.retry_at is None


def test_an_error_of_the_spec_fails_the_run_at_once_and_is_no_dead_letter(database, queue_run, claim):
    run_id = queue_run()
    assert fail(database, claim(), RunError("loss_not_finite", "The loss is NaN.")) is RunState.FAILED
    run = read(database, run_id)
    assert run.dead_since is None
    assert run.error == RunError("loss_not_finite", "The loss is NaN.", 1)


def test_the_second_attempt_after_a_lost_trainer_begins_at_once_and_the_third_after_a_pause(database, queue_run, claim):
    run_id = queue_run()
    assert lose(database, claim()) is RunState.QUEUED
    assert read(database, run_id).retry_at is None
    assert lose(database, claim()) is RunState.QUEUED
    run = read(database, run_id)
    assert pause_of(run) == 2
    end_pause(database)
    assert lose(database, claim()) is RunState.FAILED
    run = read(database, run_id)
    assert run.error.detail == "The trainer was lost in 3 of 3 attempts; the last time: it died."
    assert run.dead_since is not None


def test_a_run_that_is_to_be_cancelled_is_not_tried_again(database, queue_run, claim):
    run_id = queue_run()
    claimed = claim()
    with database.transaction() as session:
        runs.cancel(session, run_id)
    assert fail(database, claimed) is RunState.CANCELLED
    assert read(database, run_id).error is None


def test_a_run_in_a_pause_can_be_cancelled(database, queue_run, claim):
    run_id = queue_run()
    fail(database, claim())
    with database.transaction() as session:
        runs.cancel(session, run_id)
    run = read(database, run_id)
    assert (run.state, run.retry_at, run.error) == (RunState.CANCELLED, None, None)
    assert end_pause(database) == 0


def test_an_end_that_is_written_twice_counts_once(database, queue_run, claim):
    run_id = queue_run()
    claimed = claim()
    assert [fail(database, claimed) for _ in range(2)] == [RunState.QUEUED] * 2
    assert read(database, run_id).num_crashes == 1


def test_a_run_in_a_pause_says_what_it_waits_for(database, queue_run, claim):
    run_id = queue_run()
    fail(database, claim())
    run = read(database, run_id)
    with database.reading() as session:
        waits = workers.find_wait(session, [run])
    waiting_for = waits.of(run.submitted_by, run.retry_at)
    assert waiting_for.kind is WaitingKind.RETRY
    assert f"{run.retry_at:%H:%M:%S}" in waiting_for.detail


def test_a_run_that_is_paused_meanwhile_begins_as_soon_as_it_is_resumed(database, queue_run, claim):
    run_id = queue_run()
    fail(database, claim())
    with database.transaction() as session:
        assert runs.pause(session, run_id).retry_at is None
    assert claim_any(database) is None
    with database.transaction() as session:
        runs.resume(session, run_id)
    assert claim().run_id == run_id


def test_an_error_of_an_attempt_that_came_further_counts_for_nothing(database, queue_run, claim):
    run_id = queue_run(max_attempts=2)
    fail(database, claim())
    for step in (10, 20, 30):
        end_pause(database)
        claimed = claim()
        with database.transaction() as session:
            progress = Progress(Phase.TRAIN, epoch=1, num_epochs=9, step=step, num_steps=90)
            claims.record_progress(session, run_id, claimed.attempt, 60, progress=progress)
        assert fail(database, claimed) is RunState.QUEUED
    end_pause(database)
    assert fail(database, claim()) is RunState.FAILED


def test_runs_that_wait_in_vain_for_a_trainer_are_dead_letters(database, queue_run):
    run_id = queue_run()
    health = WorkerHealth(WorkerState.BROKEN, 1, 0, MIN_FAILED_STARTS, "No module named 'keras'.")
    with database.transaction() as session:
        workers.report(session, "host:1", "host", health)
        assert expiry.fail_waiting(session, -1.0) == [run_id]
    assert read(database, run_id).dead_since is not None
