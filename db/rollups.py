"""Rows of rollups: ranges of long curves with their extremes, for quick views.

At level 1 each 64 points of full chunks are one range; each further level merges 8 ranges of full rows of the level
before. A view reads the coarsest level that still has some ranges for each of its points, and of finer levels only the
rest that is not rolled up: about as many rows for 10^7 points as for 10^5.
"""

from collections.abc import Mapping

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from core.curves.encoding import decode_ranges, encode_ranges
from core.curves.points import Points
from core.curves.ranges import Ranges
from core.errors import CurveCorrupt
from db.records.metrics import MetricRollupRecord, MetricSeriesRecord
from db.statements import replace

POINTS_A_RANGE = 64
"""Points of a range at level 1; a full chunk is a multiple."""
RANGES_A_RANGE = 8
CAPACITY = 128
"""Ranges of a full row."""
MIN_RANGES = 2
"""Least number of stored ranges for each of a view: sizes of a view's ranges then differ by a half at most."""


def choose_level(count: int, num_ranges: int) -> int:
    """Return the level for a view of a curve with `count` points in so many ranges; 0 for the points themselves."""
    level, size = 0, POINTS_A_RANGE
    while count // size >= MIN_RANGES * num_ranges:
        level, size = level + 1, size * RANGES_A_RANGE
    return level


def read(session: Session, series_id: int, level: int) -> Ranges:
    """Return the ranges of a curve at a level, then those of finer levels that come after them.

    Points that are not rolled up at all are missing at the end.
    """
    rollup = MetricRollupRecord
    parts: list[Ranges] = []
    end = None
    for number in range(level, 0, -1):
        here = [rollup.series_id == series_id, rollup.level == number]
        if end is not None:
            here.append(rollup.first_step > end)
        rows = session.execute(select(*COLUMNS).where(*here).order_by(rollup.first_step)).all()
        parts += map(_read, rows)
        end = rows[-1].last_step if rows else end
    return Ranges.join(parts)


def extend(session: Session, sealed: Mapping[int, Points]) -> None:
    """Roll up the points of chunks that have become full, by the id of their curve."""
    found = {series_id: Ranges.of_points(points).merge(POINTS_A_RANGE) for series_id, points in sealed.items()}
    level = 1
    while found:
        stored = _read_open(session, level, list(found))
        joined = {series_id: Ranges.join([*stored.get(series_id, ()), ranges]) for series_id, ranges in found.items()}
        _write(session, level, joined)
        full = {series_id: ranges[: len(ranges) // CAPACITY * CAPACITY] for series_id, ranges in joined.items()}
        found = {series_id: ranges.merge(RANGES_A_RANGE) for series_id, ranges in full.items() if len(ranges)}
        level += 1


def cut(session: Session, series_id: int, step: int) -> None:
    """Remove the ranges that end at a step or later, at every level."""
    rollup = MetricRollupRecord
    level: int = 1
    while True:
        later = (rollup.series_id == series_id, rollup.level == level, rollup.last_step >= step)
        first = session.execute(select(*COLUMNS).where(*later).order_by(rollup.first_step).limit(1)).one_or_none()
        if first is None:
            # What is not at this level is at no further one.
            return
        session.execute(delete(rollup).where(*later).execution_options(synchronize_session=False))
        ranges = _read(first)
        kept = ranges[: int((ranges.last.steps < step).sum())]
        if len(kept):
            _write(session, level, {series_id: kept})
        # This row is no longer full, and may have been merged into the next level.
        level, step = level + 1, first.first_step


COLUMNS = (
    *(MetricRollupRecord.first_step, MetricRollupRecord.last_step),
    *(MetricRollupRecord.count, MetricRollupRecord.ranges),
)


def _read(row: Row[int, int, int, bytes]) -> Ranges:
    first_step, last_step, count, block = row
    ranges = decode_ranges(block)
    steps = ranges.last.steps
    if (len(ranges), steps[0], steps[-1]) != (count, first_step, last_step):
        raise CurveCorrupt(
            f"The ranges of a curve from step {first_step} on are those of another row. Restore a backup, or delete "
            "the run."
        )
    return ranges


def _read_open(session: Session, level: int, series_ids: list[int]) -> dict[int, list[Ranges]]:
    """Return the ranges of the last row at a level, of those curves where it is not full."""
    rollup, series = MetricRollupRecord, MetricSeriesRecord
    last = (
        select(rollup.first_step)
        .where(rollup.series_id == series.id, rollup.level == level)
        .order_by(rollup.first_step.desc())
        .limit(1)
        .scalar_subquery()
    )
    keys = session.execute(select(series.id, last).where(series.id.in_(series_ids))).all()
    found: dict[int, list[Ranges]] = {}
    for series_id, first_step in keys:
        if first_step is not None:
            here = (rollup.series_id == series_id, rollup.level == level, rollup.first_step == first_step)
            row = session.execute(select(*COLUMNS).where(*here, rollup.count < CAPACITY)).one_or_none()
            if row is not None:
                found[series_id] = [_read(row)]
    return found


def _write(session: Session, level: int, found: Mapping[int, Ranges]) -> None:
    rows = []
    for series_id, ranges in found.items():
        for start in range(0, len(ranges), CAPACITY):
            part = ranges[start : start + CAPACITY]
            rows.append(
                {
                    "series_id": series_id,
                    "level": level,
                    "first_step": int(part.last.steps[0]),
                    "last_step": int(part.last.steps[-1]),
                    "count": len(part),
                    "ranges": encode_ranges(part),
                }
            )
    replace(session, MetricRollupRecord, rows)
