"""Queries of experiments: named groups of runs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import UnknownExperiment, nearest
from core.run_state import RunState
from db.cursors import Page, read_cursor, write_cursor
from db.records.runs import ExperimentRecord, RunRecord
from db.statements import insert_all_unless_there


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment and the states of its runs.

    Attributes:
        runs_by_state: Number of runs in each state; states without runs are left out.
    """

    name: str
    created_at: datetime
    runs_by_state: Mapping[RunState, int]


def ensure(session: Session, names: Collection[str]) -> None:
    """Create those of these experiments that do not exist."""
    # In order, so that transactions with the same experiments wait for each other and never in a circle.
    insert_all_unless_there(session, ExperimentRecord, [{"name": name} for name in sorted(names)])


def get(session: Session, name: str) -> Experiment:
    """Return one experiment.

    Raises:
        UnknownExperiment: If there is none; names the nearest that exists.
    """
    record = session.get(ExperimentRecord, name)
    if record is None:
        known = session.scalars(select(ExperimentRecord.name).order_by(ExperimentRecord.created_at.desc()).limit(100))
        raise UnknownExperiment(f"There is no experiment '{name}'.{nearest(name, list(known))}")
    return _counted(session, [record])[0]


def list_run_ids(session: Session, name: str) -> list[UUID]:
    """Return the ids of all runs of an experiment, oldest first."""
    query = select(RunRecord.id).where(RunRecord.experiment == name).order_by(RunRecord.created_at, RunRecord.id)
    return list(session.scalars(query))


def list_page(session: Session, *, limit: int, cursor: str | None = None) -> Page[Experiment]:
    """Return a page of experiments by name.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    query = select(ExperimentRecord).order_by(ExperimentRecord.name).limit(limit + 1)
    if cursor is not None:
        (after,) = read_cursor(cursor, str)
        query = query.where(ExperimentRecord.name > after)
    records = list(session.scalars(query))
    shown = records[:limit]
    next_cursor = write_cursor(shown[-1].name) if len(records) > limit else None
    return Page(items=_counted(session, shown), next_cursor=next_cursor)


def _counted(session: Session, records: list[ExperimentRecord]) -> list[Experiment]:
    counts = session.execute(
        select(RunRecord.experiment, RunRecord.state, func.count())
        .where(RunRecord.experiment.in_([record.name for record in records]))
        .group_by(RunRecord.experiment, RunRecord.state)
    )
    by_name: dict[str, dict[RunState, int]] = {record.name: {} for record in records}
    for name, state, count in counts:
        by_name[name][state] = count
    return [
        Experiment(name=record.name, created_at=record.created_at, runs_by_state=by_name[record.name])
        for record in records
    ]
