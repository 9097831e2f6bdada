"""Checkpoints in the lease protocol: what is kept, where an attempt goes on, which losses count."""

import pytest

from core.checkpoints import Checkpoint
from core.errors import AttemptFenced, IllegalMove
from core.progress import MetricBatch, Phase, Progress
from core.run_state import RunState
from db import artifacts, checkpoints, claims, expiry, points, resuming, runs

LEASE = 60.0


@pytest.fixture
def report(database):
    """Store progress up to a step, with a point for each step since another, and a checkpoint there if wanted."""

    def store(claimed, first, last, *, saves=False, is_best=False):
        steps = list(range(first, last + 1))
        batch = MetricBatch("train/loss", steps, [1.0 / step for step in steps], steps)
        progress = Progress(Phase.TRAIN, 0, 1, last, 100)
        place = (claimed.run_id, claimed.attempt, LEASE)
        with database.transaction() as session:
            claims.record_progress(session, *place, progress=progress, batches=[batch])
            if saves:
                return resuming.record_checkpoint(session, *place, saved(claimed, last, is_best=is_best))
        return []

    return store


def saved(claimed, step, *, is_best=False):
    sha256 = f"{claimed.attempt:032x}{step:032x}"
    return Checkpoint(step, step // 10, sha256, 1_000, "val_loss", 0.5, is_best)


@pytest.fixture
def lose(database):
    """Lose the trainer of an attempt; return the state of the run."""

    def release(claimed):
        with database.transaction() as session:
            return claims.release_run(session, claimed.run_id, claimed.attempt, reason="it died.", count_as_crash=True)

    return release


@pytest.fixture
def look(database):
    """The steps of the curve, of the checkpoints, and where each attempt went on."""

    def read(run_id):
        with database.reading() as session:
            series = points.list_series(session, [run_id])
            steps = points.read_points(session, series)[0].steps.tolist() if series else []
            kept = [record.step for record in checkpoints.list_of_run(session, run_id)]
            return steps, kept, [attempt.resumed_at_step for attempt in runs.list_attempts(session, run_id)]

    return read


def test_a_claim_goes_on_from_the_newest_checkpoint(queue_run, claim, report, lose, look, database):
    run_id = queue_run()
    first = claim()
    report(first, 1, 10, saves=True)
    report(first, 11, 25)
    lose(first)

    second = claim()

    assert first.checkpoint is None
    assert second.checkpoint == saved(first, 10)
    assert look(run_id) == (list(range(1, 11)), [10], [None, 10])
    with database.reading() as session:
        assert runs.get(session, run_id).latest_metrics == {"train/loss": 0.1}


def test_a_claim_without_a_checkpoint_begins_from_the_start(queue_run, claim, report, lose, look):
    run_id = queue_run()
    first = claim()
    report(first, 1, 10)
    lose(first)

    assert claim().checkpoint is None
    assert look(run_id) == ([], [], [None, None])


def test_a_curve_that_cannot_be_read_is_measured_anew(queue_run, claim, report, lose, look, database):
    run_id = queue_run()
    first = claim()
    report(first, 1, 10, saves=True)
    report(first, 11, 12)
    lose(first)
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE metric_chunks SET points = substr(points, 1, 5)")

    assert claim().checkpoint is None
    assert look(run_id) == ([], [], [None, None])


def test_the_newest_two_and_the_best_are_kept(queue_run, claim, report, look):
    run_id = queue_run()
    claimed = claim()
    dropped = []
    for step in range(10, 70, 10):
        dropped += report(claimed, step - 9, step, saves=True, is_best=step == 20)

    assert look(run_id)[1] == [60, 50, 20]
    assert dropped == [saved(claimed, step).sha256 for step in (10, 30, 40)]


def test_a_checkpoint_that_is_stored_again_is_kept_once(queue_run, claim, report, look):
    run_id = queue_run()
    claimed = claim()
    for _ in range(2):
        report(claimed, 1, 10, saves=True, is_best=True)

    assert look(run_id)[1] == [10]


def test_the_best_checkpoint_is_one(queue_run, claim, report, database):
    run_id = queue_run()
    claimed = claim()
    for step in (10, 20, 30):
        report(claimed, step - 9, step, saves=True, is_best=True)

    with database.reading() as session:
        kept = [(record.step, record.is_best) for record in checkpoints.list_of_run(session, run_id)]
    assert kept == [(30, True), (20, False)]


def test_a_fenced_attempt_stores_no_checkpoint(queue_run, claim, report, lose, look):
    run_id = queue_run()
    first = claim()
    lose(first)
    claim()

    with pytest.raises(AttemptFenced):
        report(first, 1, 10, saves=True)
    assert look(run_id)[1] == []


def test_files_of_checkpoints_are_referred_to(queue_run, claim, report, database):
    queue_run()
    claimed = claim()
    report(claimed, 1, 10, saves=True)

    sha256 = saved(claimed, 10).sha256
    with database.reading() as session:
        assert artifacts.unreferenced(session, [sha256, "f" * 64]) == ["f" * 64]


@pytest.mark.parametrize(
    ("reached", "num_crashes", "state"),
    [
        # The first loss always counts; the next two come further each time.
        ([10, 20, 30], [1, 1, 1], RunState.QUEUED),
        ([10, 10, 10], [1, 2, 3], RunState.FAILED),
        ([10, 5, 10], [1, 2, 3], RunState.FAILED),
        # Coming further forgives all losses but one.
        ([10, 10, 20, 20, 20], [1, 2, 1, 2, 3], RunState.FAILED),
        # Those that never reach a step count.
        ([0, 0, 0], [1, 2, 3], RunState.FAILED),
    ],
)
def test_losses_count_unless_the_attempt_came_further(
    reached, num_crashes, state, queue_run, claim, report, lose, database
):
    run_id = queue_run(max_attempts=3)
    found = []
    for step in reached:
        claimed = claim()
        if step:
            report(claimed, 1, step)
        last = lose(claimed)
        with database.reading() as session:
            found.append(runs.get(session, run_id).num_crashes)

    assert (found, last) == (num_crashes, state)


def test_a_new_checkpoint_counts_as_coming_further(queue_run, claim, report, lose):
    queue_run(max_attempts=2)
    first = claim()
    report(first, 1, 10, saves=True)
    report(first, 11, 30)
    lose(first)
    second = claim()
    # It does not reach step 30, but the next attempt will go on ten steps later.
    report(second, 11, 20, saves=True)

    assert lose(second) == RunState.QUEUED


def test_a_drain_does_not_count_and_keeps_what_was_reached(queue_run, claim, report, lose, database):
    run_id = queue_run(max_attempts=1)
    first = claim()
    report(first, 1, 30)
    with database.transaction() as session:
        claims.release_run(session, run_id, first.attempt, reason="its worker was shut down.")
    second = claim()
    report(second, 1, 20)

    assert lose(second) == RunState.FAILED


def test_a_damaged_checkpoint_is_deleted_and_its_attempt_does_not_count(queue_run, claim, report, lose, look, database):
    run_id = queue_run(max_attempts=2)
    first = claim()
    report(first, 1, 10, saves=True)
    report(first, 11, 20, saves=True)
    lose(first)
    second = claim()
    with database.transaction() as session:
        for _ in range(2):  # The answer to the first commit may have been lost.
            resuming.discard_checkpoint(session, run_id, second.attempt, 20, reason="it is damaged.")

    assert claim().checkpoint == saved(first, 10)
    assert look(run_id) == (list(range(1, 11)), [10], [None, 20, 10])


def test_a_queued_run_pauses_and_resumes_at_once(queue_run, database):
    run_id = queue_run()
    with database.transaction() as session:
        assert runs.pause(session, run_id).state == RunState.PAUSED
        assert runs.pause(session, run_id).state == RunState.PAUSED
        assert claims.claim_run(session, owner="worker-1", lease_seconds=LEASE) is None
        assert runs.resume(session, run_id).state == RunState.QUEUED
        assert claims.claim_run(session, owner="worker-1", lease_seconds=LEASE) is not None


def test_a_running_run_is_asked_to_pause(queue_run, claim, report, database):
    run_id = queue_run()
    claimed = claim()
    with database.transaction() as session:
        assert runs.pause(session, run_id).state == RunState.RUNNING
        heartbeat = claims.renew_lease(session, run_id, claimed.attempt, LEASE)
    assert heartbeat.interruption == "pause"
    report(claimed, 1, 10, saves=True)
    with database.transaction() as session:
        state = claims.release_run(session, run_id, claimed.attempt, reason="a client paused it.")
    assert state == RunState.PAUSED
    with database.transaction() as session:
        record = runs.resume(session, run_id)
    assert (record.state, record.interruption) == (RunState.QUEUED, None)
    assert claim().checkpoint.step == 10


def test_a_pause_that_is_withdrawn_queues_the_run(queue_run, claim, database):
    run_id = queue_run()
    claimed = claim()
    with database.transaction() as session:
        runs.pause(session, run_id)
        runs.resume(session, run_id)
        assert claims.release_run(session, run_id, claimed.attempt, reason="…") == RunState.QUEUED


def test_a_run_whose_worker_dies_while_it_pauses_is_paused(queue_run, claim, database):
    run_id = queue_run()
    claim(lease_seconds=-1)
    with database.transaction() as session:
        runs.pause(session, run_id)
        assert [expired.state for expired in expiry.expire_leases(session)] == [RunState.PAUSED]


def test_a_paused_run_can_be_cancelled_but_not_one_that_is_being_cancelled_paused(queue_run, claim, database):
    paused, running = queue_run(), queue_run()
    with database.transaction() as session:
        runs.pause(session, paused)
        assert runs.cancel(session, paused).state == RunState.CANCELLED
    claim()
    with database.transaction() as session:
        runs.cancel(session, running)
        with pytest.raises(IllegalMove, match="is being cancelled"):
            runs.pause(session, running)
    with database.transaction() as session, pytest.raises(IllegalMove, match="has ended"):
        runs.resume(session, paused)


@pytest.mark.parametrize(("priority", "is_asked"), [(1, True), (0, False), (-1, False)])
def test_only_a_higher_priority_preempts(priority, is_asked, queue_run, claim, database):
    run_id = queue_run()
    claim(owner="worker-1")
    queue_run(priority=priority)

    with database.transaction() as session:
        asked = expiry.request_preemption(session, "worker-1", 0, waited_seconds=0.0)
        again = expiry.request_preemption(session, "worker-1", 0, waited_seconds=0.0)
    assert asked == (run_id if is_asked else None)
    assert again is None


def test_the_lowest_priority_that_began_last_makes_room(queue_run, claim, database):
    queue_run(priority=3)
    older, newer = queue_run(priority=1), queue_run(priority=1)
    for _ in range(3):
        claim(owner="worker-1")
    queue_run(priority=5)

    with database.transaction() as session:
        assert expiry.request_preemption(session, "another", 0, waited_seconds=0.0) is None
        assert expiry.request_preemption(session, "worker-1", 0, waited_seconds=30.0) is None
        assert expiry.request_preemption(session, "worker-1", 0, waited_seconds=0.0) in {older, newer}


def test_a_succeeded_run_keeps_its_last_checkpoint_and_the_best(queue_run, claim, report, look, database):
    run_id = queue_run()
    claimed = claim()
    for step in range(10, 60, 10):
        report(claimed, step - 9, step, saves=True, is_best=step == 20)
    with database.transaction() as session:
        claims.finish_run(session, run_id, claimed.attempt, artifacts=(), phases={})

    assert look(run_id)[1] == [50, 20]


def test_the_checkpoints_of_a_deleted_run_are_files_to_delete(queue_run, claim, report, database):
    run_id = queue_run()
    claimed = claim()
    report(claimed, 1, 10, saves=True)
    with database.transaction() as session:
        claims.cancel_running(session, run_id, claimed.attempt)
        assert runs.get(session, run_id).stored_bytes >= 1_000
        assert runs.delete(session, run_id).files == [saved(claimed, 10).sha256]


def test_checkpoints_that_are_damaged_each_time_do_not_make_a_run_go_on_for_ever(
    queue_run, claim, report, lose, database
):
    run_id = queue_run(max_attempts=3)
    states = []
    for _ in range(3):
        claimed = claim()
        report(claimed, 1, 10, saves=True)
        report(claimed, 11, 12)
        states.append(lose(claimed))
        if states[-1] == RunState.QUEUED:
            damaged = claim()
            with database.transaction() as session:
                resuming.discard_checkpoint(session, run_id, damaged.attempt, 10, reason="it is damaged.")

    assert states == [RunState.QUEUED, RunState.QUEUED, RunState.FAILED]
