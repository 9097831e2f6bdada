"""X axes of the curves of runs: what a step is in epochs, and when a run began."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.curves.axes import Axis, XAxis
from core.errors import EpochsUnknown
from core.run_state import TERMINAL_STATES, RunState
from db.points import list_series
from db.records.runs import RunRecord

EPOCH_CURVE = "epoch/train/loss"
"""A curve that every run has, with a point at the end of each epoch."""


@dataclass(frozen=True, slots=True)
class CurveRun:
    """A run, as far as its curves need it.

    Attributes:
        started_at: Start of the latest attempt.
        progress: The fields of core.progress.Progress, those of earlier versions.
    """

    id: UUID
    state: RunState
    seed: int
    started_at: datetime | None
    progress: Mapping[str, Any] | None

    @property
    def has_ended(self) -> bool:
        """Return True if it will have no more curves."""
        return self.state in TERMINAL_STATES


def load_runs(session: Session, run_ids: Iterable[UUID]) -> dict[UUID, CurveRun]:
    """Return runs by id; unknown ones are left out."""
    columns = (RunRecord.id, RunRecord.state, RunRecord.seed, RunRecord.started_at, RunRecord.progress)
    rows = session.execute(select(*columns).where(RunRecord.id.in_(list(run_ids))))
    return {row[0]: CurveRun(*row) for row in rows}


def find_axes(session: Session, runs: Sequence[CurveRun], kind: XAxis) -> dict[UUID, Axis]:
    """Return the axis of each run, by id.

    A run of an earlier version did not store the number of steps in an epoch. Its spec may name it; if not, the first
    epoch ended at the first point of its curve by epoch. A run for which neither says it has no axis of epochs, and is
    left out.
    """
    if kind == XAxis.TIME:
        return {run.id: Axis(kind, origin=_find_origin(run)) for run in runs}
    if kind == XAxis.STEP:
        return {run.id: Axis(kind) for run in runs}
    known = {run.id: int((run.progress or {}).get("steps_per_epoch") or 0) for run in runs}
    known |= _measure_epochs(session, [run_id for run_id, num_steps in known.items() if not num_steps])
    return {run_id: Axis(kind, steps_per_epoch=num_steps) for run_id, num_steps in known.items() if num_steps}


def find_axis(session: Session, run: CurveRun, kind: XAxis) -> Axis:
    """Return the axis of a run.

    Raises:
        EpochsUnknown: If it is one of epochs, and the run does not say how many steps an epoch has.
    """
    axis = find_axes(session, [run], kind).get(run.id)
    if axis is None:
        raise EpochsUnknown(
            f"Run {run.id} does not say how many steps an epoch has: it was trained by an earlier version, and has no "
            "whole epoch yet. Use x=step or x=time."
        )
    return axis


def _find_origin(run: CurveRun) -> float:
    # A run that waits for its next attempt keeps the start of the last one; one without attempts has no points.
    return 0.0 if run.started_at is None else run.started_at.timestamp()


def _measure_epochs(session: Session, run_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the number of steps in an epoch of runs that did not store it; 0 where it is not known."""
    if not run_ids:
        return {}
    ends = {series.run_id: series for series in list_series(session, run_ids, [EPOCH_CURVE])}
    found = {}
    for run_id, spec in session.execute(select(RunRecord.id, RunRecord.spec).where(RunRecord.id.in_(run_ids))):
        training = spec.get("training") or {}
        series = ends.get(run_id)
        # The only point of a run that counts steps may be the end of a part of an epoch.
        is_whole = series is not None and (series.count > 1 or training.get("steps") is None)
        measured = series.first_step if series is not None and is_whole else 0
        found[run_id] = int(training.get("steps_per_epoch") or measured)
    return found
