"""Bodies about curves."""

from uuid import UUID

from api.http.schemas import AnswerModel, MeasuredNumber


class MetricSummary(AnswerModel):
    """A curve in numbers; null for NaN and infinities."""

    key: str
    count: int
    """Points stored."""
    first: MeasuredNumber
    last: MeasuredNumber
    last_step: int
    min: MeasuredNumber
    min_step: int | None
    """First step at which the least value was reached."""
    max: MeasuredNumber
    max_step: int | None


class MetricList(AnswerModel):
    """Every curve of a run in numbers."""

    items: list[MetricSummary]


class Curve(AnswerModel):
    """Points of one curve, in columns of equal length; null for NaN and infinities."""

    key: str
    x: list[int]
    """Training steps, rising."""
    y: list[MeasuredNumber]
    y_min: list[MeasuredNumber] | None
    """In a thinned minmax view, the least value of the steps up to each x; else null."""
    y_max: list[MeasuredNumber] | None
    total: int
    """Points stored."""
    downsampled: bool
    """Whether these are fewer."""


class MetricHistory(AnswerModel):
    """Curves of a run."""

    run_id: UUID
    series: list[Curve]
