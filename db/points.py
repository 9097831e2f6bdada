"""Points of curves, as they are stored: the one reader of everything that shows or exports them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np
from sqlalchemy import Double, select, type_coerce
from sqlalchemy.orm import Session

from core.curves.points import Points
from db.records.metrics import MetricPointRecord, MetricSeriesRecord


def list_series(
    session: Session, run_ids: Iterable[UUID], keys: Iterable[str] | None = None
) -> list[MetricSeriesRecord]:
    """Return the summaries of the curves of some runs, by run and key.

    Args:
        session: On the database.
        run_ids: Runs; unknown ones have no curves.
        keys: Names of curves; None for all.
    """
    query = select(MetricSeriesRecord).where(MetricSeriesRecord.run_id.in_(list(run_ids)))
    if keys is not None:
        query = query.where(MetricSeriesRecord.key.in_(list(keys)))
    return list(session.scalars(query.order_by(MetricSeriesRecord.run_id, MetricSeriesRecord.key)))


def read_points(session: Session, series: Sequence[MetricSeriesRecord]) -> list[Points]:
    """Return every point of some curves, in the order of `series`."""
    return [_read(session, one.id) for one in series]


def read_new(session: Session, series: Sequence[tuple[MetricSeriesRecord, int | None]]) -> list[Points]:
    """Return the points of some curves after a step of each, in the order of `series`; after None, every point.

    Reading what is new of a long curve takes no longer than of a short one.
    """
    return [_read(session, one.id, after) for one, after in series]


def _read(session: Session, series_id: int, after: int | None = None) -> Points:
    point = MetricPointRecord
    # The column's own type would convert each value in Python; this reads the numbers as they are stored.
    columns = (point.step, type_coerce(point.value, Double), point.unix_seconds)
    query = select(*columns).where(point.series_id == series_id)
    if after is not None:
        query = query.where(point.step > after)
    rows = session.connection().execute(query.order_by(point.step)).all()
    if not rows:
        return Points.empty()
    steps, values, times = zip(*rows, strict=True)
    # NaN is NULL in the database.
    return Points(np.array(steps, np.int64), np.array(values, np.float64), np.array(times, np.float64))
