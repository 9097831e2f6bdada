"""Checkpoints in the lease protocol (db/claims.py): stored, gone back to, and discarded if they are damaged."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.checkpoints import Checkpoint
from core.errors import CurveCorrupt
from core.run_state import RunState
from db import checkpoints, metrics
from db.attempts import hold, hold_to_end, send_back, write
from db.documents import replace_unstorable
from db.job_tables import RUNS
from db.records.jobs import AttemptOutcome
from db.records.runs import AttemptRecord, RunRecord


def go_back(session: Session, run_id: UUID, attempt: int, checkpoint: Checkpoint | None) -> Checkpoint | None:
    """Take a run back to a checkpoint, None for the start; return the checkpoint that the attempt goes on from."""
    try:
        with session.begin_nested():
            kept = [] if checkpoint is None else metrics.truncate_after(session, run_id, checkpoint.step)
    except CurveCorrupt:
        # What cannot be read cannot be cut either. From the start, the run measures all of it again.
        checkpoint, kept = None, []
        checkpoints.delete_all(session, run_id)
    if checkpoint is None:
        metrics.delete_all(session, run_id)
        return None
    # No heartbeat of an earlier attempt can come between: this transaction has claimed the run.
    latest = {curve.key: curve.last for curve in kept}
    session.execute(
        update(RunRecord)
        .where(RunRecord.id == run_id)
        .values(latest_metrics=replace_unstorable(latest))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(AttemptRecord)
        .where(AttemptRecord.run_id == run_id, AttemptRecord.number == attempt)
        .values(resumed_at_step=checkpoint.step)
        .execution_options(synchronize_session=False)
    )
    return checkpoint


def record_checkpoint(
    session: Session, run_id: UUID, attempt: int, lease_seconds: float, checkpoint: Checkpoint
) -> list[str]:
    """Renew the lease, and store a checkpoint whose file is in the artifact store.

    All points up to its step are stored before or in the same transaction: an attempt that goes on from it does not
    measure them again.

    Returns:
        The sha256 of checkpoints that are no longer kept, whose files may be deleted after the commit.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    held = hold(session, RUNS, run_id, attempt, lease_seconds)
    if held.furthest >= checkpoint.step and _is_news(session, run_id, checkpoint.step):
        # The next attempt begins here: one that goes further has come further than all before.
        write(session, held, {"furthest": checkpoint.step - 1})
    return checkpoints.add(session, run_id, attempt, checkpoint)


def discard_checkpoint(session: Session, run_id: UUID, attempt: int, step: int, *, reason: str) -> RunState:
    """Delete a damaged checkpoint that the attempt was to go on from, and release the run: the next one serves.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    held = hold_to_end(session, RUNS, run_id, attempt, RunState.QUEUED, RunState.PAUSED, RunState.CANCELLED)
    if isinstance(held, RunState):
        return held
    checkpoints.delete(session, run_id, step)
    return send_back(session, held, AttemptOutcome.RELEASED, reason, count_as_crash=False)


def _is_news(session: Session, run_id: UUID, step: int) -> bool:
    """Return True unless an attempt has gone on from this step or a later one, with a checkpoint that was damaged."""
    latest = session.scalar(select(func.max(AttemptRecord.resumed_at_step)).where(AttemptRecord.run_id == run_id))
    return latest is None or step > latest
