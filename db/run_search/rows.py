"""Rows of found runs: the columns and the metrics that a list shows."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from db.records.metrics import MetricSeriesRecord
from db.records.runs import RunRecord


def read_columns(session: Session, ids: Sequence[UUID], names: Collection[str]) -> list[Row[Any]]:
    """Return columns of runs, in the order of their ids. A run that has been deleted meanwhile is left out."""
    columns = [getattr(RunRecord, name) for name in sorted({*names, "id"})]
    rows = session.execute(select(*columns).where(RunRecord.id.in_(ids)))
    by_id = {row.id: row for row in rows}
    return [by_id[run_id] for run_id in ids if run_id in by_id]


def read_summaries(
    session: Session, ids: Sequence[UUID], keys: Collection[str] | None
) -> dict[UUID, dict[str, Row[Any]]]:
    """Return the summaries of curves by run and key.

    Args:
        session: On the database.
        ids: Ids of the runs.
        keys: Keys of the curves; None for all.
    """
    series = MetricSeriesRecord
    names = ("run_id", "key", "count", "first", "last", "last_step", "min", "min_step", "max", "max_step")
    query = select(*(getattr(series, name) for name in (*names, "best", "best_step"))).where(series.run_id.in_(ids))
    if keys is not None:
        query = query.where(series.key.in_(keys))
    found: dict[UUID, dict[str, Row[Any]]] = {}
    for row in session.execute(query.order_by(series.run_id, series.key)):
        found.setdefault(row.run_id, {})[row.key] = row
    return found
