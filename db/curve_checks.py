"""Checks of curves: summaries, chunks and rollups against the points that are stored.

Points are the truth; everything else can be computed from them again. A curve is read chunk by chunk, so that the
longest takes a few megabytes.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Double, delete, select, type_coerce, update
from sqlalchemy.orm import Session

from core.curves.encoding import decode_ranges
from core.curves.extremes import Extremes
from core.curves.points import Points
from core.curves.ranges import Ranges
from core.errors import CurveCorrupt
from core.findings import Finding
from db import chunks, job_tables, metrics, rollups
from db.metrics import Summary
from db.records.metrics import MetricChunkRecord, MetricPointRecord, MetricRollupRecord, MetricSeriesRecord

CURVES_A_PAGE = 20
CHUNKS_A_PIECE = 16
ROWS_A_PIECE = 10_000

BY_REPAIR = "Compute it again from the points: trainyard doctor --repair"

EXTREMES = tuple(one.name for one in fields(Extremes))
_COLUMNS = tuple(getattr(MetricSeriesRecord, one.name) for one in fields(Summary))


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve as its row describes it."""

    id: int
    run_id: UUID
    summary: Summary

    @property
    def subject(self) -> str:
        """Return its name for people."""
        return f"run {self.run_id}, curve {self.summary.key}"


@dataclass(slots=True)
class _Measured:
    """Summary of a curve's points, and what in its stored columns differs from it.

    Attributes:
        faults: Code and words of what cannot be computed again.
        wrong_chunks: First steps of chunks whose columns differ from their points, with the right values.
        ranges: Ranges of level 1, of full chunks.
    """

    summary: Summary | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)
    wrong_chunks: dict[int, Extremes] = field(default_factory=dict)
    ranges: list[Ranges] = field(default_factory=list)


def list_curves(session: Session, after: int) -> list[Curve]:
    """Return the next CURVES_A_PAGE curves after the one with this id."""
    series = MetricSeriesRecord
    query = select(series.id, series.run_id, *_COLUMNS).where(series.id > after).order_by(series.id)
    rows = session.execute(query.limit(CURVES_A_PAGE)).all()
    return [Curve(series_id, run_id, Summary(*summary)) for series_id, run_id, *summary in rows]


def check_curve(session: Session, curve: Curve) -> list[Finding]:
    """Return what is wrong with a curve; its row and its points are read in the same transaction."""
    measured = _measure(session, curve)
    found = [
        Finding(code, curve.subject, detail, f"Restore a backup, or delete the run: trainyard delete {curve.run_id}")
        for code, detail in measured.faults
    ]
    if found:
        # Of the points that can be read alone, every other number would be wrong too.
        return found
    if measured.summary is not None and (differences := _compare(curve.summary, measured.summary)):
        found.append(Finding("summary_wrong", curve.subject, f"Its summary differs: {differences}.", BY_REPAIR))
    if measured.wrong_chunks:
        steps = ", ".join(map(str, list(measured.wrong_chunks)[:5]))
        detail = f"The least or greatest values of its chunks from step {steps} on are not those of their points."
        found.append(Finding("chunk_wrong", curve.subject, detail, BY_REPAIR))
    if fault := _check_rollups(session, curve.id, Ranges.join(measured.ranges)):
        found.append(Finding("rollup_wrong", curve.subject, f"Quick views of it are wrong: {fault}.", BY_REPAIR))
    return found


def repair_curve(session: Session, curve: Curve) -> bool:
    """Compute summary, columns of chunks and rollups of a curve again from its points; only a transaction may do so.

    Returns:
        False if its points cannot all be read; nothing is changed then.
    """
    # An attempt holds this row while it writes points.
    job_tables.get_locked(session, job_tables.RUNS, curve.run_id)
    measured = _measure(session, curve)
    if measured.faults or measured.summary is None:
        return False
    metrics.update_summaries(session, {curve.id: measured.summary})
    chunk, rollup = MetricChunkRecord, MetricRollupRecord
    for first_step, extremes in measured.wrong_chunks.items():
        values: Mapping[str, Any] = {name: getattr(extremes, name) for name in EXTREMES}
        here = (chunk.series_id == curve.id, chunk.first_step == first_step)
        session.execute(update(chunk).where(*here).values(values).execution_options(synchronize_session=False))
    statement = delete(rollup).where(rollup.series_id == curve.id)
    session.execute(statement.execution_options(synchronize_session=False))
    for _, points, _ in _chunks(session, curve.id):
        if len(points) == chunks.CAPACITY:
            rollups.extend(session, {curve.id: points})
    return True


def _measure(session: Session, curve: Curve) -> _Measured:
    measured = _Measured()
    try:
        _read_chunks(session, curve, measured)
        if measured.summary is None:
            for points in _rows(session, curve.id):
                _add(measured, curve, points)
    except CurveCorrupt as error:
        measured.faults.append(("points_damaged", error.detail))
        return measured
    found, stored = 0 if measured.summary is None else measured.summary.count, curve.summary.count
    if found < stored and not measured.faults:
        which = f"{stored - found:,} of its {stored:,} points are" if found else f"All its {stored:,} points are"
        measured.faults.append(("points_missing", f"{which} missing."))
    return measured


def _read_chunks(session: Session, curve: Curve, measured: _Measured) -> None:
    for first_step, points, stored in _chunks(session, curve.id):
        if measured.summary is not None and measured.summary.count % chunks.CAPACITY:
            measured.faults.append(("points_missing", f"Its chunk before step {first_step} is not full."))
        _add(measured, curve, points)
        expected = Extremes.of_points(points)
        if not _same(stored, expected):
            measured.wrong_chunks[first_step] = expected
        if len(points) == chunks.CAPACITY:
            measured.ranges.append(Ranges.of_points(points).merge(rollups.POINTS_A_RANGE))


def _add(measured: _Measured, curve: Curve, points: Points) -> None:
    before = measured.summary
    if not (points.steps[1:] > points.steps[:-1]).all() or (before and points.steps[0] <= before.last_step):
        measured.faults.append(("points_disordered", f"Its steps do not rise at step {int(points.steps[0])}."))
    key = curve.summary.key
    measured.summary = metrics.summarise(key, points) if before is None else metrics.extend_summary(before, points)


def _chunks(session: Session, series_id: int) -> Iterator[tuple[int, Points, Extremes]]:
    """Yield the chunks of a curve: first step, points, and the extremes in the row's columns."""
    chunk = MetricChunkRecord
    columns = (*chunks.COLUMNS, *(getattr(chunk, name) for name in EXTREMES))
    query = select(*columns).where(chunk.series_id == series_id).order_by(chunk.first_step)
    after: int | None = None
    while True:
        page = query if after is None else query.where(chunk.first_step > after)
        rows: list[Any] = list(session.execute(page.limit(CHUNKS_A_PIECE)).all())
        for row in rows:
            yield row[1], chunks.read(row[:5]), Extremes(*row[5:])
        if len(rows) < CHUNKS_A_PIECE:
            return
        after = rows[-1][1]


def _rows(session: Session, series_id: int) -> Iterator[Points]:
    """Yield the points of a curve that was stored before revision 0012."""
    point = MetricPointRecord
    columns = (point.step, type_coerce(point.value, Double), point.unix_seconds)
    query = select(*columns).where(point.series_id == series_id).order_by(point.step)
    after: int | None = None
    while True:
        page = query if after is None else query.where(point.step > after)
        rows = session.connection().execute(page.limit(ROWS_A_PIECE)).all()
        if rows:
            steps, values, times = zip(*rows, strict=True)
            yield Points(np.array(steps, np.int64), np.array(values, np.float64), np.array(times, np.float64))
        if len(rows) < ROWS_A_PIECE:
            return
        after = rows[-1][0]


def _check_rollups(session: Session, series_id: int, expected: Ranges) -> str | None:
    """Return what is wrong with the rollups of a curve, given the ranges that level 1 must have."""
    rollup = MetricRollupRecord
    query = select(rollup.level, rollup.count, rollup.ranges).where(rollup.series_id == series_id)
    stored: dict[int, list[Ranges]] = {}
    for level, count, block in session.execute(query.order_by(rollup.level, rollup.first_step)):
        try:
            ranges = decode_ranges(block)
        except CurveCorrupt as error:
            return f"at level {level}, {error.detail.rstrip('.')}"
        if len(ranges) != count or (stored.get(level) and len(stored[level][-1]) != rollups.CAPACITY):
            return f"a row at level {level} has another number of ranges than it should"
        stored.setdefault(level, []).append(ranges)
    level = 1
    while len(expected):
        found = Ranges.join(stored.pop(level, []))
        if not _same_ranges(found, expected):
            return f"the {len(found):,} ranges at level {level} are not the {len(expected):,} of its points"
        full = expected[: len(expected) // rollups.CAPACITY * rollups.CAPACITY]
        expected, level = full.merge(rollups.RANGES_A_RANGE), level + 1
    return f"there are ranges at level {min(stored)}, for which it has too few points" if stored else None


def _same_ranges(one: Ranges, other: Ranges) -> bool:
    pairs = (
        (one.last.steps, other.last.steps),
        (one.last.values, other.last.values),
        (one.least, other.least),
        (one.greatest, other.greatest),
    )
    return len(one) == len(other) and all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def _same(one: Extremes, other: Extremes) -> bool:
    return not any(_differ(getattr(one, name), getattr(other, name)) for name in EXTREMES)


def _compare(stored: Summary, measured: Summary) -> str:
    """Return the differences of two summaries in words."""
    names = [one.name for one in fields(Summary)]
    differing = [name for name in names if _differ(getattr(stored, name), getattr(measured, name))]
    return ", ".join(
        f"{name} is {getattr(stored, name)}, by its points {getattr(measured, name)}" for name in differing
    )


def _differ(one: Any, other: Any) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return not both_nan and one != other
