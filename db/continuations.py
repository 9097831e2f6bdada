"""Runs that go on from another run's checkpoint: they begin with its state and its curves up to there."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.progress import MetricBatch
from db import artifacts, metrics, points
from db.records.runs import CheckpointRecord

COPIED = ("train/", "epoch/")
"""Beginnings of the names of curves that are copied: the result on the test samples is that of the other run."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """A checkpoint of another run to go on from.

    Attributes:
        run_id: The other run.
        step: Step of its checkpoint.
    """

    run_id: UUID
    step: int


def check(session: Session, continuation: Continuation) -> None:
    """Check that the checkpoint is still there, and keep its file until the transaction ends.

    Raises:
        Conflict: If it was deleted meanwhile.
    """
    record = _find(session, continuation)
    if record is not None:
        # Whoever deletes files waits for this transaction, and then finds the row that it adds.
        artifacts.lock_files(session, [record.sha256])
        record = _find(session, continuation)
    if record is None:
        raise Conflict(
            f"The checkpoint of run {continuation.run_id} at step {continuation.step} was deleted just now. "
            "Submit the run again, from the start."
        )


def begin(session: Session, run_id: UUID, continuation: Continuation) -> None:
    """Give a run that was just inserted the checkpoint and the curves; `check` was called in this transaction."""
    record = _find(session, continuation)
    if record is None:
        raise AssertionError(f"The checkpoint of run {continuation.run_id} was checked before.")
    # It is the best of this run too, until there is a better one.
    copied = {name: getattr(record, name) for name in ("epoch", "sha256", "num_bytes", "monitor", "value", "is_best")}
    session.execute(insert(CheckpointRecord).values(run_id=run_id, step=record.step, attempt=0, **copied))
    series = [one for one in points.list_series(session, [continuation.run_id]) if one.key.startswith(COPIED)]
    found = points.read_points(session, series, last_step=record.step)
    metrics.append(
        session,
        run_id,
        [MetricBatch(one.key, part.steps, part.values, part.times) for one, part in zip(series, found, strict=True)],
    )


def _find(session: Session, continuation: Continuation) -> CheckpointRecord | None:
    record = CheckpointRecord
    here = (record.run_id == continuation.run_id, record.step == continuation.step)
    return session.scalars(select(record).where(*here)).one_or_none()
