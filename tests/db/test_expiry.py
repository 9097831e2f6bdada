from core.run_state import RunState
from db import claims, expiry, runs
from db.records.jobs import AttemptOutcome


def expire(database):
    with database.transaction() as session:
        return expiry.expire_leases(session)


def end_stalled(database, stall_seconds):
    with database.transaction() as session:
        return expiry.end_stalled(session, stall_seconds)


def read(database, run_id):
    with database.reading() as session:
        return runs.get(session, run_id), runs.list_attempts(session, run_id)


def test_run_whose_lease_ended_is_queued_again(database, queue_run, claim):
    run_id = queue_run()
    claim(lease_seconds=-1)
    (expired,) = expire(database)
    assert (expired.job_id, expired.attempt, expired.state) == (run_id, 1, RunState.QUEUED)
    run, (attempt,) = read(database, run_id)
    assert (run.state, run.owner, run.lease_expires_at, run.num_crashes) == (RunState.QUEUED, None, None, 1)
    assert attempt.outcome == AttemptOutcome.LEASE_EXPIRED
    assert attempt.ended_at is not None


def test_lease_that_goes_on_is_left_alone(database, queue_run, claim):
    run_id = queue_run()
    claim(lease_seconds=60)
    assert expire(database) == []
    assert read(database, run_id)[0].state == RunState.RUNNING


def test_run_fails_once_its_attempts_are_used_up(database, queue_run, claim):
    run_id = queue_run(max_attempts=3)
    states = []
    for _ in range(3):
        claim(lease_seconds=-1)
        states += [expired.state for expired in expire(database)]
    assert states == [RunState.QUEUED, RunState.QUEUED, RunState.FAILED]
    run, attempts = read(database, run_id)
    assert run.error.code == "trainer_lost"
    assert run.error.detail.startswith("The trainer was lost in 3 of 3 attempts")
    assert [attempt.outcome for attempt in attempts] == [AttemptOutcome.LEASE_EXPIRED] * 3


def test_drains_do_not_use_up_attempts(database, queue_run, claim):
    run_id = queue_run(max_attempts=2)
    for _ in range(5):
        claimed = claim()
        with database.transaction() as session:
            claims.release_run(session, run_id, claimed.attempt, reason="drain")
    claim(lease_seconds=-1)
    assert [expired.state for expired in expire(database)] == [RunState.QUEUED]


def test_lost_run_that_was_to_be_cancelled_is_cancelled(database, queue_run, claim):
    run_id = queue_run()
    claim(lease_seconds=-1)
    with database.transaction() as session:
        runs.cancel(session, run_id)
    assert [expired.state for expired in expire(database)] == [RunState.CANCELLED]
    assert read(database, run_id)[0].ended_at is not None


def test_expiring_twice_changes_nothing_more(database, queue_run, claim):
    run_id = queue_run()
    claim(lease_seconds=-1)
    expire(database)
    before = read(database, run_id)[0].revision
    assert expire(database) == []
    assert read(database, run_id)[0].revision == before


def test_stalled_run_is_taken_back_from_a_living_worker(database, queue_run, claim):
    run_id = queue_run()
    claim()
    # A negative time makes every running run a stalled one, without waiting for it.
    (stalled,) = end_stalled(database, -10)
    assert (stalled.job_id, stalled.state) == (run_id, RunState.QUEUED)
    _, (attempt,) = read(database, run_id)
    assert attempt.outcome == AttemptOutcome.STALLED


def test_run_whose_worker_fell_silent_is_not_called_stalled(database, queue_run, claim):
    run_id = queue_run()
    claim(lease_seconds=-5)
    assert end_stalled(database, -10) == []
    (expired,) = expire(database)
    assert expired.job_id == run_id


def test_run_that_moves_is_not_stalled(database, queue_run, claim):
    queue_run()
    claim()
    assert end_stalled(database, 900) == []


def test_unclaimed_runs_are_counted_by_age(database, queue_run, claim):
    queue_run()
    queue_run()
    claim()
    with database.reading() as session:
        assert expiry.count_unclaimed(session, -10) == 1
        assert expiry.count_unclaimed(session, 3600) == 0
