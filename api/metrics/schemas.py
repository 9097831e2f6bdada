"""Response bodies of metrics."""

from uuid import UUID

from api.http.schemas import AnswerModel, MeasuredNumber


class MetricSummary(AnswerModel):
    """Summary of a metric; null for NaN and infinities."""

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
    """Points of one curve, in columns of equal length; null for NaN and infinities."""

    key: str
    x: list[int]
    """Training steps, in ascending order."""
    y: list[MeasuredNumber]
    y_min: list[MeasuredNumber] | None
    """Minimum of the steps up to each x, if downsampled with minmax; else null."""
    y_max: list[MeasuredNumber] | None
    total: int
    """Points stored."""
    downsampled: bool
    """True if the curve was downsampled."""


class MetricHistory(AnswerModel):
    """Curves of a run."""

    run_id: UUID
    series: list[Curve]
