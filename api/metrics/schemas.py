"""Response bodies of metrics."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.schemas import AnswerModel, MeasuredNumber
from core.curves.axes import XAxis
from core.curves.downsampling import MIN_POINTS

MAX_POINTS = 100_000

MaxPoints = Annotated[int, Field(ge=MIN_POINTS, le=MAX_POINTS)]

Smoothing = Annotated[float, Field(ge=0, lt=1)]


class MetricSummary(AnswerModel):
    """Summary of a metric."""

    key: str
    count: int
    """Points stored."""
    first: MeasuredNumber
    last: MeasuredNumber
    last_step: int
    min: MeasuredNumber
    min_step: int | None
    """First step with the minimum."""
    max: MeasuredNumber
    max_step: int | None
    best: MeasuredNumber | None
    """By the direction of the metric, the minimum of `loss`, the maximum of `accuracy`.
    Null if no direction is known."""
    best_step: int | None


class MetricList(AnswerModel):
    """Summaries of all metrics of a run."""

    items: list[MetricSummary]


class Curve(AnswerModel):
    """Points of one curve, in columns of equal length."""

    key: str
    x: list[float]
    """Places on the x axis, in ascending order; whole numbers for steps, which JavaScript reads exactly up to 2^53."""
    y: list[MeasuredNumber]
    """Values as they were reported."""
    y_min: list[MeasuredNumber] | None
    """Minimum of the steps up to each x, if downsampled with minmax; else null."""
    y_max: list[MeasuredNumber] | None
    smoothed: list[MeasuredNumber] | None
    """Smoothed values, computed from all points of the curve; null without smoothing."""
    total: int
    """Points stored."""
    downsampled: bool
    """True if points of the window are left out."""


class MetricHistory(AnswerModel):
    """Curves of a run."""

    run_id: UUID
    x: XAxis
    """Quantity on the x axis: `step`, `epoch` (steps by the steps of an epoch), or `time`."""
    steps_per_epoch: int | None
    """Steps in an epoch, by which steps were divided; null unless x is `epoch` and there are points."""
    time_origin: str | None
    """Start of the run's latest attempt, where `time` is 0; null unless x is `time` and there are points."""
    smoothing: float
    series: list[Curve]
