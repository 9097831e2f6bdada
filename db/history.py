"""Views of the curves of a run: whole or down-sampled, by step, epoch or time, smoothed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from core.curves.axes import Axis
from core.curves.downsampling import MIN_POINTS, Mode
from core.curves.keys import is_pattern, select_keys
from core.curves.views import Curve, ViewOptions, empty_view, view, view_ranges
from core.errors import InvalidInput, TooManyPoints, UnknownMetric, UnknownRun, nearest
from db.axes import CurveRun, find_axis, load_runs
from db.points import list_series, read_points, read_rollups
from db.records.metrics import MetricSeriesRecord

MAX_SHOWN_POINTS = 1_000_000
"""Most points of one answer, over all its curves."""

DEFAULT = ViewOptions()


@dataclass(frozen=True, slots=True)
class History:
    """Curves of a run on one x axis, which is None while there are no points to place on it."""

    axis: Axis | None
    curves: list[Curve]


def history(
    session: Session, run_id: UUID, keys: Sequence[str] | None = None, options: ViewOptions = DEFAULT
) -> History:
    """Return views of a run's curves.

    The order is that of `keys`, which may be patterns such as `train/*`; None returns every curve, by key. Of a run
    that has not ended, a curve without points is an empty one.

    Raises:
        UnknownRun: If there is no such run.
        UnknownMetric: If the run has ended without a curve of a name, or that a pattern fits.
        EpochsUnknown: If x is epochs, and the run does not say how many steps an epoch has.
        TooManyPoints: If the views would have too many points together.
        InvalidInput: If an option is invalid.
    """
    check_options(options)
    run, chosen = choose_series(session, run_id, keys)
    found = [series for series in chosen.values() if series is not None]
    axis = find_axis(session, run, options.x) if found else None
    is_raw = options.mode == Mode.RAW
    if not is_raw or options.window.is_whole:
        check_size(sum(series.count if is_raw else min(series.count, options.max_points) for series in found))
    axes = {} if axis is None else {run_id: axis}
    views = {curve.key: curve for curve in view_series(session, found, axes, options)}
    return History(axis, [views[key] if key in views else empty_view(key) for key in chosen])


def check_options(options: ViewOptions) -> None:
    """Check the options of views.

    Raises:
        InvalidInput: If one is invalid.
    """
    if options.max_points < MIN_POINTS:
        raise InvalidInput(f"max_points is {options.max_points}; ask for at least {MIN_POINTS} points.")
    if not 0 <= options.smoothing < 1:
        raise InvalidInput(f"smoothing is {options.smoothing}; expected a weight from 0 to below 1, such as 0.9.")
    window = options.window
    if window.first is not None and window.last is not None and window.first > window.last:
        raise InvalidInput(
            f"The window from x_min={window.first:g} to x_max={window.last:g} is empty. Exchange its ends."
        )


def check_size(num_points: int) -> None:
    """Check the number of points of an answer.

    Raises:
        TooManyPoints: If there are too many.
    """
    if num_points > MAX_SHOWN_POINTS:
        raise TooManyPoints(
            f"These curves have {num_points:,} points to show; the most is {MAX_SHOWN_POINTS:,}. Name fewer keys, "
            "lower max_points, show a smaller window (x_min, x_max), or use the mode minmax or lttb in place of raw."
        )


def view_series(
    session: Session, series: Sequence[MetricSeriesRecord], axes: Mapping[UUID, Axis], options: ViewOptions
) -> list[Curve]:
    """Return the views of stored curves, in their order.

    Args:
        session: On the database.
        series: Curves of any runs.
        axes: Axis of each run.
        options: How to show them.

    Raises:
        TooManyPoints: If a window holds too many of them.
    """
    if options.is_quick:
        found = zip(series, read_rollups(session, series, options.max_points), strict=True)
        return [
            view_ranges(one.key, ranges, axes[one.run_id], one.count)
            if len(ranges) < one.count
            else view(one.key, ranges.last, axes[one.run_id], options)
            for one, ranges in found
        ]
    curves: list[Curve] = []
    num_shown = 0
    for one in series:
        axis = axes[one.run_id]
        first, last = axis.find_steps(options.window)
        # An average needs every point before.
        (points,) = read_points(session, [one], first_step=None if options.smoothing else first, last_step=last)
        curves.append(view(one.key, points, axis, options, one.count))
        num_shown += len(curves[-1].x)
        check_size(num_shown)
    return curves


def describe_unknown(name: str, known: Sequence[str]) -> str:
    """Return the message for a key or a pattern that no curve has."""
    if is_pattern(name):
        return f"No metric fits '{name[:200]}'.{nearest('', known)}"
    return f"There is no metric '{name[:200]}'.{nearest(name, known)}"


def choose_series(
    session: Session, run_id: UUID, wanted: Sequence[str] | None
) -> tuple[CurveRun, dict[str, MetricSeriesRecord | None]]:
    """Return a run and those of its curves that are wanted, by key; None for those without points yet.

    Raises:
        UnknownRun: If there is no such run.
        UnknownMetric: If it has ended without a curve of a name, or that a pattern fits.
    """
    run = load_runs(session, [run_id]).get(run_id)
    if run is None:
        raise UnknownRun(f"There is no run {run_id}. It may have been deleted; GET /v1/runs lists those that exist.")
    found = {series.key: series for series in list_series(session, [run.id])}
    if wanted is None:
        return run, dict(found)
    chosen: dict[str, MetricSeriesRecord | None] = {}
    for name, keys in select_keys(wanted, found).items():
        if not keys and run.has_ended:
            raise UnknownMetric(f"{describe_unknown(name, list(found))} Run {run.id} has ended.")
        names = keys or ([] if is_pattern(name) else [name])
        chosen |= {key: found.get(key) for key in names if key not in chosen}
    return run, chosen
