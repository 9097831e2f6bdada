from datetime import timedelta

from core.run_report import RunError
from core.run_state import RunState
from db import claims, runs
from db.census import take_census
from db.records.jobs import AttemptOutcome
from db.records.runs import RunRecord


def count(database):
    with database.reading() as session:
        return take_census(session)


def end(database, claimed, outcome):
    with database.transaction() as session:
        if outcome == "fail":
            claims.fail_run(session, claimed.run_id, claimed.attempt, error=RunError("training_failed", "NaN"))
        elif outcome == "release":
            claims.release_run(session, claimed.run_id, claimed.attempt, reason="drain")


def test_an_empty_database_is_all_zeros(database):
    census = count(database)
    assert census.runs_by_state == dict.fromkeys(RunState, 0)
    assert census.attempts_by_outcome == dict.fromkeys(AttemptOutcome, 0)
    assert census.running_by_owner == {}
    assert (census.oldest_queued_seconds, census.num_attempts) == (0.0, 0)
    assert (census.num_models, census.num_model_versions) == (0, 0)


def test_runs_are_counted_by_state_and_those_that_run_by_worker(database, queue_run, claim):
    for _ in range(6):
        queue_run()
    for owner in ("east:1", "east:1", "west:7"):
        claim(owner=owner)
    end(database, claim(owner="west:7"), "fail")
    census = count(database)
    expected = {RunState.QUEUED: 2, RunState.RUNNING: 3, RunState.FAILED: 1}
    assert census.runs_by_state == dict.fromkeys(RunState, 0) | expected
    assert census.running_by_owner == {"east:1": 2, "west:7": 1}


def test_every_attempt_counts_and_those_that_ended_count_by_outcome(database, queue_run, claim):
    queue_run()
    end(database, claim(), "release")
    end(database, claim(), "fail")
    queue_run()
    claim()
    census = count(database)
    assert census.num_attempts == 3
    expected = {AttemptOutcome.RELEASED: 1, AttemptOutcome.FAILED: 1}
    assert census.attempts_by_outcome == dict.fromkeys(AttemptOutcome, 0) | expected


def test_the_queue_is_as_old_as_the_run_that_waits_longest(database, queue_run, claim):
    claimed_id = queue_run()
    claim()
    waiting_id = queue_run()
    queue_run()
    with database.transaction() as session:
        # A run that trains waits no longer, whenever it was queued.
        for run_id, seconds in ((claimed_id, 5000), (waiting_id, 90)):
            run = session.get_one(RunRecord, run_id)
            run.queued_at -= timedelta(seconds=seconds)
    assert 90 <= count(database).oldest_queued_seconds < 5000


def test_models_count_once_however_many_versions_they_have(database, finished_run):
    for model_name in ("adder", "adder", "line"):
        finished_run(model_name=model_name)
    census = count(database)
    assert (census.num_models, census.num_model_versions) == (2, 3)


def test_a_deleted_run_is_not_counted_any_more(database, finished_run):
    run_id = finished_run()
    with database.transaction() as session:
        runs.delete(session, run_id)
    census = count(database)
    assert census.runs_by_state[RunState.SUCCEEDED] == 0
    assert (census.num_attempts, census.num_models, census.num_model_versions) == (0, 0, 0)
