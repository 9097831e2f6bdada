"""Queries of curves: store points, update and list the summaries of curves. db/history.py has the views."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from core.progress import MetricBatch
from core.specs.metrics import find_direction
from db.documents import replace_unstorable
from db.records.metrics import MetricPointRecord, MetricSeriesRecord

# One statement for any number of rows: a parameter per column, not per value.
POSTGRESQL_UPSERT = text(
    """
    INSERT INTO metric_points (series_id, step, value, unix_seconds)
    SELECT :series_id, step, value, unix_seconds
    FROM unnest(CAST(:steps AS BIGINT[]), CAST(:values AS FLOAT8[]), CAST(:times AS FLOAT8[]))
        AS point (step, value, unix_seconds)
    ON CONFLICT (series_id, step) DO UPDATE SET value = excluded.value, unix_seconds = excluded.unix_seconds
    """
)
# SQLite compiles this once and runs it row by row, without SQLAlchemy's overhead for every row.
SQLITE_UPSERT = """
    INSERT INTO metric_points (series_id, step, value, unix_seconds) VALUES (?, ?, ?, ?)
    ON CONFLICT (series_id, step) DO UPDATE SET value = excluded.value, unix_seconds = excluded.unix_seconds
    """


@dataclass(frozen=True, slots=True)
class Summary:
    """Summary of a curve.

    Attributes:
        count: Number of points.
        min: Least value; NaN while every value is NaN.
        min_step: The first step at which it was reached; None while every value is NaN.
        max: Greatest value, likewise.
        best: The least or greatest value, by the direction of the metric; None where that is unknown, and while every
            value is NaN.
        best_step: The first step at which it was reached.
    """

    key: str
    count: int
    first: float
    first_step: int
    last: float
    last_step: int
    min: float
    min_step: int | None
    max: float
    max_step: int | None
    best: float | None
    best_step: int | None


_SUMMARY_COLUMNS = tuple(getattr(MetricSeriesRecord, field.name) for field in fields(Summary))


def append(session: Session, run_id: UUID, batches: Iterable[MetricBatch]) -> None:
    """Store points of an attempt. Only a transaction that holds the run (db/claims.py) may call this.

    Points may be repeated, after a commit whose outcome is unknown: the later value of a step replaces the earlier.
    """
    ordered = [batch for batch in map(_in_order, batches) if batch.steps]
    if not ordered:
        return
    here = (MetricSeriesRecord.run_id == run_id, MetricSeriesRecord.key.in_({batch.key for batch in ordered}))
    rows = session.execute(select(MetricSeriesRecord.id, *_SUMMARY_COLUMNS).where(*here)).all()
    stored = {summary.key: (row[0], summary) for row in rows for summary in [Summary(*row[1:])]}
    for batch in ordered:
        known = stored.get(batch.key)
        stored[batch.key] = _begin_curve(session, run_id, batch) if known is None else _extend(session, *known, batch)


def list_keys(session: Session, run_id: UUID) -> list[Summary]:
    """Return the summaries of a run's curves by key; an empty list for an unknown run."""
    query = select(*_SUMMARY_COLUMNS).where(MetricSeriesRecord.run_id == run_id).order_by(MetricSeriesRecord.key)
    return [Summary(*row) for row in session.execute(query)]


def delete_all(session: Session, run_id: UUID) -> None:
    """Delete a run's curves, points first."""
    series_ids = select(MetricSeriesRecord.id).where(MetricSeriesRecord.run_id == run_id)
    for statement in (
        delete(MetricPointRecord).where(MetricPointRecord.series_id.in_(series_ids)),
        delete(MetricSeriesRecord).where(MetricSeriesRecord.run_id == run_id),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _begin_curve(session: Session, run_id: UUID, batch: MetricBatch) -> tuple[int, Summary]:
    summary = _summarise(batch)
    statement = insert(MetricSeriesRecord).values(run_id=run_id, **asdict(summary)).returning(MetricSeriesRecord.id)
    series_id = session.scalars(statement).one()
    _upsert_points(session, series_id, batch)
    return series_id, summary


def _extend(session: Session, series_id: int, before: Summary, batch: MetricBatch) -> tuple[int, Summary]:
    _upsert_points(session, series_id, batch)
    # The database counts steps that may have been stored before, so that none counts twice.
    is_new = batch.steps[0] > before.last_step
    summary = _join(before, _summarise(batch)) if is_new else _measure(session, series_id, batch.key)
    statement = update(MetricSeriesRecord).where(MetricSeriesRecord.id == series_id).values(asdict(summary))
    session.execute(statement.execution_options(synchronize_session=False))
    return series_id, summary


def _in_order(batch: MetricBatch) -> MetricBatch:
    """Return the points with rising steps; of points with the same step only the last is kept."""
    key = replace_unstorable(batch.key)
    if key == batch.key and all(map(int.__lt__, batch.steps, batch.steps[1:])):
        return batch
    by_step = {step: (value, time) for step, value, time in zip(batch.steps, batch.values, batch.times, strict=True)}
    steps = tuple(sorted(by_step))
    return MetricBatch(
        key=key,
        steps=steps,
        values=tuple(by_step[step][0] for step in steps),
        times=tuple(by_step[step][1] for step in steps),
    )


def _summarise(batch: MetricBatch) -> Summary:
    numbers = [value for value in batch.values if not math.isnan(value)]
    least, greatest = (min(numbers), max(numbers)) if numbers else (math.nan, math.nan)
    return _with_best(
        key=batch.key,
        count=len(batch.steps),
        first=batch.values[0],
        first_step=batch.steps[0],
        last=batch.values[-1],
        last_step=batch.steps[-1],
        min=least,
        min_step=batch.steps[batch.values.index(least)] if numbers else None,
        max=greatest,
        max_step=batch.steps[batch.values.index(greatest)] if numbers else None,
    )


def _with_best(**fields: Any) -> Summary:
    """Return a summary whose best value is its least or greatest one, by the direction of its metric."""
    rises = find_direction(fields["key"])
    end = "max" if rises else "min"
    step = None if rises is None else fields[f"{end}_step"]
    return Summary(**fields, best=None if step is None else fields[end], best_step=step)


def _join(before: Summary, after: Summary) -> Summary:
    """Return the summary of a curve with points appended after its last."""
    # Comparisons with NaN are false; a curve of NaN alone takes the values of the appended points.
    least = after if math.isnan(before.min) or after.min < before.min else before
    greatest = after if math.isnan(before.max) or after.max > before.max else before
    return _with_best(
        key=before.key,
        count=before.count + after.count,
        first=before.first,
        first_step=before.first_step,
        last=after.last,
        last_step=after.last_step,
        min=least.min,
        min_step=least.min_step,
        max=greatest.max,
        max_step=greatest.max_step,
    )


def _measure(session: Session, series_id: int, key: str) -> Summary:
    """Compute the summary of a stored curve from its points."""
    point = MetricPointRecord
    here = point.series_id == series_id
    count, first_step, last_step, least, greatest = session.execute(
        select(
            func.count(), func.min(point.step), func.max(point.step), func.min(point.value), func.max(point.value)
        ).where(here)
    ).one()

    def value_at(step: int) -> Any:
        return session.scalars(select(point.value).where(here, point.step == step)).one()

    def step_of(value: float) -> int | None:
        return session.scalar(select(func.min(point.step)).where(here, point.value == value))

    return _with_best(
        key=key,
        count=count,
        first=value_at(first_step),
        first_step=first_step,
        last=value_at(last_step),
        last_step=last_step,
        min=least,
        min_step=step_of(least),
        max=greatest,
        max_step=step_of(greatest),
    )


def _upsert_points(session: Session, series_id: int, batch: MetricBatch) -> None:
    """Store points, replacing those with the same steps. Of equal steps in the batch, the later is stored."""
    if session.get_bind().dialect.name == "sqlite":
        # SQLite itself stores NaN as NULL.
        rows = [(series_id, *point) for point in zip(batch.steps, batch.values, batch.times, strict=True)]
        session.connection().exec_driver_sql(SQLITE_UPSERT, rows)
        return
    # PostgreSQL rejects a statement that updates a row twice.
    points: dict[int, tuple[float | None, float]] = {
        step: (None if math.isnan(value) else value, time)
        for step, value, time in zip(batch.steps, batch.values, batch.times, strict=True)
    }
    session.execute(
        POSTGRESQL_UPSERT,
        {
            "series_id": series_id,
            "steps": list(points),
            "values": [value for value, _ in points.values()],
            "times": [time for _, time in points.values()],
        },
    )
