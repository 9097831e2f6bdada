from threading import Thread

from core.checkpoints import Checkpoint
from core.progress import MetricBatch
from db import claims, continuations, metrics, quotas, runs, submissions
from db.continuations import Continuation
from db.idempotency import StoredAnswer
from db.new_runs import NewRun

CHECKPOINT = Checkpoint(2, 1, "c" * 64, 100)
WAIT_SECONDS = 0.5


def train(database, queue_run, claim, finish):
    """Finish a run of three points with a checkpoint at the second; return its id."""
    run_id = queue_run()
    claimed = claim()
    batches = [
        MetricBatch(key, steps=(1, 2, 3), values=(3.0, 2.0, 1.0), times=(0.0, 0.0, 0.0))
        for key in ("train/loss", "test/loss")
    ]
    with database.transaction() as session:
        claims.record_progress(session, run_id, claimed.attempt, 60, batches=batches)
        claims.record_checkpoint(session, run_id, claimed.attempt, 60, CHECKPOINT)
    finish(claimed)
    return run_id


def submit(database, source):
    continuation = Continuation(source, CHECKPOINT.step)
    new = NewRun.of(experiment="trials", model_name="adder", spec={"seed": 8}, continuation=continuation)
    with database.transaction() as session:
        submission = submissions.Submission((new,), lambda rows, _: StoredAnswer(202, "", str(rows[0].id)))
        return submissions.queue_all(session, [submission]).outcomes[0]


def test_a_run_that_goes_on_from_another_has_its_points_so_far_and_counts_them(database, queue_run, claim, finish):
    submit(database, train(database, queue_run, claim, finish))
    claimed = claim()
    assert claimed.checkpoint == CHECKPOINT
    with database.reading() as session:
        assert [(curve.key, curve.count) for curve in metrics.list_keys(session, claimed.run_id)] == [("train/loss", 2)]
        assert runs.get(session, claimed.run_id).stored_bytes == 100 + 2 * quotas.BYTES_A_POINT


def test_a_checkpoint_to_go_on_from_stays_until_the_transaction_ends(database, queue_run, claim, finish):
    source = train(database, queue_run, claim, finish)
    deleted = []

    def delete():
        with database.transaction() as session:
            deleted.append(runs.delete(session, source).files)

    thread = Thread(target=delete)
    with database.transaction() as session:
        continuations.check(session, Continuation(source, CHECKPOINT.step))
        thread.start()
        thread.join(WAIT_SECONDS)
        other = runs.create(session, experiment="trials", model_name="adder", spec={"seed": 8})
        continuations.begin(session, other.id, Continuation(source, CHECKPOINT.step))
    thread.join()
    assert deleted == [[]]
