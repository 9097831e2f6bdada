"""Bodies of requests and responses of comparisons."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.http.schemas import AnswerModel, MeasuredNumber
from api.metrics.schemas import MaxPoints, Smoothing
from core.curves.axes import XAxis
from core.curves.downsampling import Mode
from core.specs.base import Bool, SpecModel, at_most
from db.comparison import MAX_RUNS

MAX_KEYS = 1_000


class CompareRequest(SpecModel):
    """Runs and metrics to compare, and the way to show them."""

    runs: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MAX_RUNS), at_most(MAX_RUNS)]
    """Up to 1,000 runs."""
    keys: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, max_length=MAX_KEYS), at_most(MAX_KEYS)
    ]
    """Metrics, and patterns of them such as `train/*`."""
    x: XAxis = XAxis.STEP
    """Quantity on the x axis: `step`, `epoch`, or `time` in seconds since the start of each run's latest attempt."""
    max_points: MaxPoints = 200
    """Number of places of the grid; if not aligned, of points to which longer curves are downsampled."""
    mode: Mode = Mode.MINMAX
    """Downsampling of curves that are not aligned."""
    smoothing: Smoothing = 0.0
    """Weight of the debiased exponential moving average, from 0 to below 1, over all points of each curve."""
    x_min: float | None = None
    """Least x to show."""
    x_max: float | None = None
    """Greatest x to show."""
    align: Bool = True
    """Show all curves of a metric at the same places, interpolated between their points."""
    average: Literal["seeds"] | None = None
    """`seeds` averages the curves of runs whose specs differ in the seed alone, in place of showing each."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence of the interval around the mean."""


class ComparedCurve(AnswerModel):
    """Curve of a run."""

    run_id: UUID
    x: list[float] | None
    """Places of its points; null if aligned: then those of the grid."""
    y: list[MeasuredNumber | None]
    """Values; aligned curves have null before their first point and after their last, and are smoothed if asked for."""
    y_min: list[MeasuredNumber] | None
    """Minimum of the steps up to each x, if downsampled with minmax and not aligned; else null."""
    y_max: list[MeasuredNumber] | None
    smoothed: list[MeasuredNumber] | None
    """Smoothed values of a curve that is not aligned; null without smoothing."""
    total: int
    """Points stored."""


class SeedAverage(AnswerModel):
    """Average of the curves of runs that differ in the seed alone, in columns as long as the grid."""

    group: str
    """Hash of the spec without its seed."""
    run_ids: list[UUID]
    seeds: list[int]
    """Seed of each run. Runs of one seed count as one curve, by their mean."""
    n: list[int]
    """Number of seeds that have a value at each place; shorter curves are counted up to their end."""
    mean: list[MeasuredNumber | None]
    """Mean of these; NaN or infinite if one of them is."""
    stddev: list[MeasuredNumber | None]
    """Sample standard deviation, with n - 1; null if n is below 2."""
    low: list[MeasuredNumber | None]
    """Lower end of the interval of confidence: mean - t·stddev/√n, by Student's t with n - 1 degrees of freedom."""
    high: list[MeasuredNumber | None]
    """Upper end: mean + t·stddev/√n."""


class MetricCurves(AnswerModel):
    """Curves of a metric."""

    key: str
    x: list[float] | None
    """The grid: every x of the curves if there are at most `max_points`, else places at equal distances. Null if not
    aligned."""
    curves: list[ComparedCurve]
    """In the order of the runs in the request; empty if averaged."""
    averages: list[SeedAverage]
    """In the order of their first runs; empty unless averaged."""


class ComparisonGap(AnswerModel):
    """Parts that a comparison lacks."""

    run_id: UUID
    key: str | None
    """Metric or pattern; null if the whole run is missing."""
    code: str
    """`unknown_run`, `no_points` or `epochs_unknown`."""
    detail: str


class CurveComparison(AnswerModel):
    """Curves of several runs, side by side."""

    x: XAxis
    smoothing: float
    confidence: float | None
    """Null unless averaged."""
    metrics: list[MetricCurves]
    missing: list[ComparisonGap]
