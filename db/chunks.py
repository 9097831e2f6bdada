"""Rows of chunks: blocks of points that follow one another.

All chunks of a curve but the last are full. The last one is rewritten with each append until it is full, and its
points are then rolled up for quick views (db/rollups.py).
"""

from collections.abc import Mapping
from functools import reduce
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, ScalarSelect, case, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.curves.encoding import decode, encode
from core.curves.extremes import Extremes
from core.curves.points import Points
from core.errors import CurveCorrupt
from db import rollups
from db.records.metrics import MetricChunkRecord
from db.statements import replace

Value = TypeVar("Value")

CAPACITY = 1024
"""Points of a full chunk: twice as many save 3 % of the bytes, and double what an append rewrites."""


def last_count(series_id: InstrumentedAttribute[int]) -> ScalarSelect[int]:
    """Return the SQL expression of the number of points in the last chunk of a curve; NULL if there is none."""
    return _of_last(series_id, MetricChunkRecord.count)


def open_points(series_id: InstrumentedAttribute[int]) -> ScalarSelect[bytes]:
    """Return the SQL expression of the block of the last chunk of a curve; NULL if it is full or there is none."""
    chunk = MetricChunkRecord
    return _of_last(series_id, case((chunk.count < CAPACITY, chunk.points)))


def extend(session: Session, pending: Mapping[int, Points]) -> None:
    """Store points at the ends of curves.

    Args:
        session: On the database.
        pending: By the id of the curve, all points that come after its full chunks: those of its open chunk too.
    """
    full = {series_id: points[: len(points) // CAPACITY * CAPACITY] for series_id, points in pending.items()}
    replace(
        session,
        MetricChunkRecord,
        [
            _describe(series_id, points[start : start + CAPACITY])
            for series_id, points in pending.items()
            for start in range(0, len(points), CAPACITY)
        ],
    )
    rollups.extend(session, {series_id: points for series_id, points in full.items() if len(points)})


def take_from(session: Session, series_id: int, step: int) -> Points:
    """Remove the chunk in which a step lies, or would lie, and all later ones; return their points."""
    chunk = MetricChunkRecord
    here = chunk.series_id == series_id
    first_step = session.scalar(select(func.max(chunk.first_step)).where(here, chunk.first_step <= step))
    later = (here,) if first_step is None else (here, chunk.first_step >= first_step)
    points = Points.join(
        [read(row) for row in session.execute(select(*COLUMNS).where(*later).order_by(chunk.first_step))]
    )
    session.execute(delete(chunk).where(*later).execution_options(synchronize_session=False))
    if len(points):
        rollups.cut(session, series_id, int(points.steps[0]))
    return points


def measure(session: Session, series_id: int) -> tuple[int, Extremes | None]:
    """Return the number of a curve's points and their extremes, without reading the points."""
    chunk = MetricChunkRecord
    columns = (chunk.count, chunk.min, chunk.min_step, chunk.max, chunk.max_step)
    rows = session.execute(select(*columns).where(chunk.series_id == series_id).order_by(chunk.first_step)).all()
    if not rows:
        return 0, None
    extremes = [Extremes(least, least_at, greatest, greatest_at) for _, least, least_at, greatest, greatest_at in rows]
    return sum(row[0] for row in rows), reduce(Extremes.join, extremes)


ChunkRow = Row[int, int, int, int, bytes]
COLUMNS = (
    *(MetricChunkRecord.series_id, MetricChunkRecord.first_step, MetricChunkRecord.last_step),
    *(MetricChunkRecord.count, MetricChunkRecord.points),
)
"""Columns that `read` needs."""


def read(row: ChunkRow) -> Points:
    """Return the points of a chunk.

    Raises:
        CurveCorrupt: If the row is damaged.
    """
    series_id, first_step, last_step, count, block = row
    here = f"The points of curve {series_id} from step {first_step} on"
    try:
        points = decode(block)
    except CurveCorrupt as error:
        raise CurveCorrupt(f"{here} are damaged. {error.detail} Restore a backup, or delete the run.") from error
    if (len(points), points.steps[0], points.steps[-1]) != (count, first_step, last_step):
        raise CurveCorrupt(f"{here} are those of another chunk. Restore a backup, or delete the run.")
    return points


def _of_last(
    series_id: InstrumentedAttribute[int], value: ColumnElement[Value] | InstrumentedAttribute[Value]
) -> ScalarSelect[Value]:
    chunk = MetricChunkRecord
    last = select(value).where(chunk.series_id == series_id).order_by(chunk.first_step.desc()).limit(1)
    return last.scalar_subquery()


def _describe(series_id: int, points: Points) -> dict[str, Any]:
    extremes = Extremes.of_points(points)
    return {
        "series_id": series_id,
        "first_step": int(points.steps[0]),
        "last_step": int(points.steps[-1]),
        "count": len(points),
        "min": extremes.min,
        "min_step": extremes.min_step,
        "max": extremes.max,
        "max_step": extremes.max_step,
        "points": encode(points),
    }
