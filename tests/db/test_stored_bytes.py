from core.checkpoints import Checkpoint
from core.progress import MetricBatch
from core.run_state import RunState
from db import checkpoints, claims, expiry, quotas, resuming, runs

BEST, OLD, NEW = (Checkpoint(step, 1, f"{step:064x}", 100, is_best=step == 1) for step in (1, 2, 3))
POINTS = MetricBatch("train/loss", steps=(1, 2, 3), values=(3.0, 2.0, 1.0), times=(0.0, 0.0, 0.0))
BYTES_OF_POINTS = 3 * quotas.BYTES_A_POINT


def save(database, claimed, *saved, lease_seconds=60):
    """Store three points and checkpoints of an attempt."""
    with database.transaction() as session:
        claims.record_progress(session, claimed.run_id, claimed.attempt, lease_seconds, batches=[POINTS])
        for checkpoint in saved:
            resuming.record_checkpoint(session, claimed.run_id, claimed.attempt, lease_seconds, checkpoint)


def read(database, run_id):
    with database.reading() as session:
        return runs.get(session, run_id), [row.step for row in checkpoints.list_of_run(session, run_id)]


def test_a_run_that_was_taken_back_counts_what_its_attempt_left(database, queue_run, claim):
    run_id = queue_run()
    save(database, claim(), OLD, NEW, lease_seconds=-1)
    with database.transaction() as session:
        expiry.expire_leases(session)
    run, _ = read(database, run_id)
    assert (run.state, run.stored_bytes) == (RunState.QUEUED, 2 * 100 + BYTES_OF_POINTS)


def test_a_discarded_checkpoint_is_not_counted(database, queue_run, claim):
    run_id = queue_run()
    claimed = claim()
    save(database, claimed, OLD, NEW)
    with database.transaction() as session:
        claims.release_run(session, run_id, claimed.attempt, reason="drain")
    resumed = claim()
    with database.transaction() as session:
        resuming.discard_checkpoint(session, run_id, resumed.attempt, NEW.step, reason="damaged")
    run, steps = read(database, run_id)
    # The second attempt has gone back to the third step.
    assert (steps, run.stored_bytes) == ([OLD.step], 100 + BYTES_OF_POINTS)


def test_a_succeeded_run_keeps_and_counts_its_newest_and_its_best_checkpoint(database, queue_run, claim, finish):
    run_id = queue_run()
    claimed = claim()
    save(database, claimed, BEST, OLD, NEW)
    finish(claimed)
    run, steps = read(database, run_id)
    assert (steps, run.stored_bytes) == ([NEW.step, BEST.step], 2 * 100 + BYTES_OF_POINTS)
