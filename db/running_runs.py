"""Queries of the present state of all runs, or of those of an experiment or a model, for who follows them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer

from core.run_events import ProgressEvent
from core.run_state import RunState
from db.records.runs import RunRecord
from db.run_events import describe_progress

MAX_RUNNING = 200


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A running run.

    Attributes:
        revision: Rises with every change.
    """

    run_id: UUID
    experiment: str
    model_name: str
    attempt: int
    is_cancelling: bool
    revision: int
    progress: ProgressEvent | None
    latest_metrics: dict[str, Any]


def count_by_state(session: Session, experiment: str | None, model_name: str | None) -> dict[RunState, int]:
    """Return the number of runs in each state, zeros included."""
    query = select(RunRecord.state, func.count()).where(*_chosen(experiment, model_name)).group_by(RunRecord.state)
    return dict.fromkeys(RunState, 0) | {row[0]: row[1] for row in session.execute(query)}


def list_running(session: Session, experiment: str | None, model_name: str | None) -> list[RunningRun]:
    """Return the running runs, newest first, at most 200."""
    query = (
        select(RunRecord)
        .options(defer(RunRecord.spec), defer(RunRecord.environment))
        .where(RunRecord.state == RunState.RUNNING, *_chosen(experiment, model_name))
        .order_by(RunRecord.created_at.desc(), RunRecord.id.desc())
        .limit(MAX_RUNNING)
    )
    return [
        RunningRun(
            run_id=record.id,
            experiment=record.experiment,
            model_name=record.model_name,
            attempt=record.attempt,
            is_cancelling=record.cancel_requested_at is not None,
            revision=record.revision,
            progress=describe_progress(record),
            latest_metrics=record.latest_metrics,
        )
        for record in session.scalars(query)
    ]


def _chosen(experiment: str | None, model_name: str | None) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if experiment is not None:
        chosen.append(RunRecord.experiment == experiment)
    if model_name is not None:
        chosen.append(RunRecord.model_name == model_name)
    return chosen
