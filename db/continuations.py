"""Runs that go on from another run's checkpoint: they begin with its state and its curves up to there."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from core.errors import Conflict, CurveCorrupt
from core.progress import MetricBatch
from db import metrics, points
from db.records.metrics import MetricSeriesRecord
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


def list_files(session: Session, continuation: Continuation) -> list[str]:
    """Return the sha256 of the files that `begin` refers to; whoever deletes them waits until they are let go."""
    return [record.sha256 for record in _find(session, continuation)]


def check(session: Session, continuation: Continuation) -> None:
    """Check that the checkpoint is still there, and keep it until the transaction ends.

    Its files are held (db/artifacts.py).

    Raises:
        Conflict: If it was deleted meanwhile.
    """
    # Whoever deletes one of the rows waits for this transaction.
    if not any(record.step == continuation.step for record in _find(session, continuation, are_kept=True)):
        raise Conflict(
            f"The checkpoint of run {continuation.run_id} at step {continuation.step} was deleted just now. "
            "Submit the run again, from the start."
        )


def begin(session: Session, run_id: UUID, continuation: Continuation) -> None:
    """Give a run that was just inserted the checkpoints and the curves; `check` was called in this transaction."""
    copied = ("step", "epoch", "sha256", "num_bytes", "monitor", "value", "is_best")
    # The best of the other run is the best of this one too, until there is a better one.
    rows = [
        {"run_id": run_id, "attempt": 0} | {name: getattr(record, name) for name in copied}
        for record in _find(session, continuation)
    ]
    session.execute(insert(CheckpointRecord), rows)
    series = [one for one in points.list_series(session, [continuation.run_id]) if one.key.startswith(COPIED)]
    metrics.append(session, run_id, _read_curves(session, series, continuation.step))


def _find(session: Session, continuation: Continuation, *, are_kept: bool = False) -> list[CheckpointRecord]:
    """Return the checkpoint, unless it was deleted, and the best one before it, if that is another."""
    record = CheckpointRecord
    is_wanted = or_(record.step == continuation.step, record.is_best & (record.step < continuation.step))
    query = select(record).where(record.run_id == continuation.run_id, is_wanted)
    return list(session.scalars(query.with_for_update(read=True, key_share=True) if are_kept else query))


def _read_curves(session: Session, series: Sequence[MetricSeriesRecord], last_step: int) -> list[MetricBatch]:
    """Return the points of curves up to a step; a curve that is damaged is left out."""
    try:
        found = points.read_points(session, series, last_step=last_step)
    except CurveCorrupt:
        # Nothing may be refused here: other submissions share the transaction. `trainyard doctor` names the curve.
        if len(series) <= 1:
            return []
        return [batch for one in series for batch in _read_curves(session, [one], last_step)]
    return [MetricBatch(one.key, part.steps, part.values, part.times) for one, part in zip(series, found, strict=True)]
