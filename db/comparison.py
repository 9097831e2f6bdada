"""Comparison of the curves of several runs: aligned on a common x axis, and averaged over seeds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from core.curves.alignment import align, find_shared_grid, make_even_grid
from core.curves.averages import Average, average, merge_repeats
from core.curves.axes import Axis, Numbers, XAxis, is_rising
from core.curves.downsampling import Mode
from core.curves.keys import is_pattern, select_keys
from core.curves.smoothing import smooth
from core.curves.views import Curve, ViewOptions
from core.errors import TooManyPoints, UnknownMetric, UnknownRun
from db.axes import CurveRun, find_axes, load_runs
from db.documents import NOT_STORABLE
from db.history import check_options, check_size, describe_unknown, view_series
from db.points import list_series, read_points
from db.records.metrics import MetricSeriesRecord
from db.seed_groups import group_by_seed

MAX_RUNS = 1_000

MAX_READ_POINTS = 20_000_000
"""Most points that are read for one comparison; they are read in parts, so that they take time and not memory."""

POINTS_AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a comparison lacks a run, or a curve of one.

    Attributes:
        key: Name of the curve or pattern; None if the run has none at all in the comparison.
        code: `unknown_run`, `no_points` or `epochs_unknown`.
    """

    run_id: UUID
    key: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlignedCurve:
    """Values of the curve of a run at the places of a grid.

    Attributes:
        y: (places,), smoothed if that was asked for.
        has_value: (places,), False before the first point of the curve and after its last.
        total: Number of points of the stored curve.
    """

    run_id: UUID
    y: NDArray[np.float64]
    has_value: NDArray[np.bool_]
    total: int


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """Runs whose specs differ in the seed alone, and the average of their curves.

    Attributes:
        group: Hash of the spec without its seed.
        run_ids: The runs, in the order that they were asked for.
        seeds: The seed of each. Runs of one seed count as one curve, by their mean.
    """

    group: str
    run_ids: list[UUID]
    seeds: list[int]
    average: Average


@dataclass(frozen=True, slots=True)
class ComparedKey:
    """The curves of one name.

    Attributes:
        x: The grid that the curves were aligned on; None if they were not.
        aligned: Curves of single runs on the grid.
        groups: Averages over seeds on the grid.
        views: Curves of single runs with an x axis each, by run.
    """

    key: str
    x: Numbers | None = None
    aligned: Sequence[AlignedCurve] = ()
    groups: Sequence[SeedGroup] = ()
    views: Sequence[tuple[UUID, Curve]] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Curves of several runs.

    Attributes:
        keys: The curves by name, in the order of the names that were asked for.
        missing: What could not be compared.
    """

    keys: list[ComparedKey]
    missing: list[Gap]


DEFAULT_VIEW = ViewOptions(max_points=200)


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a comparison.

    Attributes:
        view: Options of each curve. Curves that are aligned have no mode.
        is_aligned: Whether the curves of a name share a grid: every x of them if these are no more than max_points,
            else places at equal distances.
        by_seed: Whether curves of runs that differ in the seed alone are averaged, in place of showing each.
        confidence: Of the interval of these averages.
    """

    view: ViewOptions = DEFAULT_VIEW
    is_aligned: bool = True
    by_seed: bool = False
    confidence: float = 0.95


DEFAULT = Options()


def compare(session: Session, run_ids: Sequence[UUID], keys: Sequence[str], options: Options = DEFAULT) -> Comparison:
    """Return the curves of several runs, side by side.

    Args:
        session: On the database.
        run_ids: Up to MAX_RUNS runs, each once.
        keys: Names of curves, and patterns such as `train/*`.
        options: How to show them.

    Raises:
        UnknownRun: If there is none of the runs.
        UnknownMetric: If none of the runs has a curve of a name, and all of them have ended.
        TooManyPoints: If there is too much to read or to show.
        InvalidInput: If an option is invalid.
    """
    check_options(options.view)
    runs = load_runs(session, run_ids)
    if not runs:
        raise UnknownRun(f"There is none of these {len(run_ids)} runs. GET /v1/runs lists those that exist.")
    missing = [
        Gap(run_id, None, UnknownRun.code, f"There is no run {run_id}; it may have been deleted.")
        for run_id in run_ids
        if run_id not in runs
    ]
    axes = find_axes(session, list(runs.values()), options.view.x)
    missing += [
        Gap(run_id, None, "epochs_unknown", f"Run {run_id} does not say how many steps an epoch has.")
        for run_id in run_ids
        if run_id in runs and run_id not in axes
    ]
    order = [run_id for run_id in run_ids if run_id in axes]
    by_key = _choose_series(session, order, keys, runs)
    missing += _find_gaps(order, keys, by_key)
    _check_sizes([one for found in by_key.values() for one in found.values()], options)
    groups = group_by_seed(session, order) if options.by_seed else {}
    compared = [_compare_key(session, key, found, axes, runs, groups, options) for key, found in by_key.items()]
    return Comparison(compared, missing)


Found = dict[UUID, MetricSeriesRecord]


def _choose_series(
    session: Session, order: Sequence[UUID], keys: Sequence[str], runs: Mapping[UUID, CurveRun]
) -> dict[str, Found]:
    """Return the curves to compare, by key and run, in the order that they were asked for."""
    # No curve has a name that cannot be stored, and PostgreSQL refuses to look for one.
    exact = None if any(map(is_pattern, keys)) else [key for key in keys if not NOT_STORABLE.search(key)]
    by_run: dict[UUID, dict[str, MetricSeriesRecord]] = {run_id: {} for run_id in order}
    for series in list_series(session, order, exact):
        by_run[series.run_id][series.key] = series
    known = {key for found in by_run.values() for key in found}
    chosen: dict[str, Found] = {}
    for name, names in select_keys(keys, known).items():
        if not names and all(run.has_ended for run in runs.values()):
            everything = sorted({series.key for series in list_series(session, order)})
            raise UnknownMetric(f"{describe_unknown(name, everything)} All of these runs have ended.")
        for key in names:
            chosen[key] = {run_id: by_run[run_id][key] for run_id in order if key in by_run[run_id]}
    return chosen


def _find_gaps(order: Sequence[UUID], keys: Sequence[str], by_key: Mapping[str, Found]) -> list[Gap]:
    chosen = select_keys(keys, by_key)
    return [
        Gap(run_id, name, "no_points", f"Run {run_id} has no points of '{name}'.")
        for name in dict.fromkeys(keys)
        for run_id in order
        if not any(run_id in by_key[key] for key in chosen[name])
    ]


def _check_sizes(series: Sequence[MetricSeriesRecord], options: Options) -> None:
    view = options.view
    shown = (one.count if view.mode == Mode.RAW else min(one.count, view.max_points) for one in series)
    check_size(len(series) * view.max_points if options.is_aligned else sum(shown))
    num_read = sum(one.count for one in series)
    if num_read > MAX_READ_POINTS and (options.is_aligned or not view.is_quick):
        raise TooManyPoints(
            f"These {len(series):,} curves have {num_read:,} points to read; the most is {MAX_READ_POINTS:,}. Compare "
            "fewer runs or keys, or send align: false and smoothing: 0, which need not read every point."
        )


def _compare_key(
    session: Session,
    key: str,
    found: Found,
    axes: Mapping[UUID, Axis],
    runs: Mapping[UUID, CurveRun],
    groups: Mapping[str, Sequence[UUID]],
    options: Options,
) -> ComparedKey:
    if not options.is_aligned:
        views = list(zip(found, view_series(session, list(found.values()), axes, options.view), strict=True))
        return ComparedKey(key, views=views)
    grid, aligned = _align(session, list(found.values()), axes, options)
    if not options.by_seed:
        return ComparedKey(key, grid, aligned=aligned)
    rows = {curve.run_id: curve for curve in aligned}
    averaged = []
    for group, run_ids in groups.items():
        members = [run_id for run_id in run_ids if run_id in rows]
        if members:
            seeds = [runs[run_id].seed for run_id in members]
            averaged.append(SeedGroup(group, members, seeds, _average(rows, members, seeds, options.confidence)))
    return ComparedKey(key, grid, groups=averaged)


def _average(
    rows: Mapping[UUID, AlignedCurve], members: Sequence[UUID], seeds: Sequence[int], confidence: float
) -> Average:
    values = np.stack([rows[run_id].y for run_id in members])
    has_value = np.stack([rows[run_id].has_value for run_id in members])
    # A seed that is run twice says nothing about other seeds.
    return average(*merge_repeats(values, has_value, seeds), confidence)


def _align(
    session: Session, series: Sequence[MetricSeriesRecord], axes: Mapping[UUID, Axis], options: Options
) -> tuple[Numbers, list[AlignedCurve]]:
    """Return a grid, and the values of curves at its places."""
    places = _Places(session, series, axes, options.view)
    grid, curves = places.choose_grid()
    aligned = []
    for one, x, y in curves:
        values, has_value = align(x, y, grid)
        aligned.append(AlignedCurve(one.run_id, values, has_value, one.count))
    return grid, aligned


Placed = tuple[MetricSeriesRecord, Numbers, NDArray[np.float64]]


class _Places:
    """The points of curves on their x axes, read again for each use unless they are few."""

    def __init__(
        self, session: Session, series: Sequence[MetricSeriesRecord], axes: Mapping[UUID, Axis], options: ViewOptions
    ) -> None:
        self._session = session
        self._series = series
        self._axes = axes
        self._options = options

    def choose_grid(self) -> tuple[Numbers, Iterable[Placed]]:
        """Return the grid and the curves to align on it."""
        options = self._options
        if max((one.count for one in self._series), default=0) <= options.max_points:
            curves = list(self._read())
            shared = find_shared_grid([x for _, x, _ in curves])
            shared = shared[options.window.holds(shared)]
            if len(shared) <= options.max_points:
                return shared, curves
            return self._make_grid([(float(x[0]), float(x[-1])) for _, x, _ in curves if len(x)]), curves
        if options.x == XAxis.TIME:
            ends = [(float(x[0]), float(x[-1])) for _, x, _ in self._read() if len(x)]
        else:
            ends = [
                (self._axes[one.run_id].place_step(one.first_step), self._axes[one.run_id].place_step(one.last_step))
                for one in self._series
            ]
        return self._make_grid(ends), self._read()

    def _make_grid(self, ends: Sequence[tuple[float, float]]) -> Numbers:
        first, last = self._options.window.clip(min(end[0] for end in ends), max(end[1] for end in ends))
        return make_even_grid(first, last, self._options.max_points, self._options.x)

    def _read(self) -> Iterator[Placed]:
        for part in _split(self._series):
            for one, points in zip(part, read_points(self._session, part), strict=True):
                x, y = self._axes[one.run_id].place(points), smooth(points.values, self._options.smoothing)
                if not is_rising(x):
                    order = np.argsort(x, kind="stable")
                    x, y = x[order], y[order]
                yield one, x, y


def _split(series: Sequence[MetricSeriesRecord]) -> Iterator[list[MetricSeriesRecord]]:
    """Yield parts of about POINTS_AT_ONCE points; a longer curve is a part of its own."""
    part: list[MetricSeriesRecord] = []
    num_points = 0
    for one in series:
        if part and num_points + one.count > POINTS_AT_ONCE:
            yield part
            part, num_points = [], 0
        part.append(one)
        num_points += one.count
    if part:
        yield part
