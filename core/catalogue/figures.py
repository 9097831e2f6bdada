"""Published figures of a preset, as bounds for the results of its runs."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.specs.base import Float, Int, PositiveFloat, SpecModel

Take = Literal["last", "first", "least", "greatest"]

Measure = Literal["greatest_error", "root_mean_squared_error", "accuracy"]

Numbers = Annotated[tuple[Float, ...], Field(min_length=1)]


class Bounds(SpecModel):
    """A published figure, and the bounds within which a run has reproduced it.

    Each figure was published for one run with other random numbers, so a bound is wider than the figure if it depends
    on them; `because` explains the width.
    """

    says: str
    """The figure as it was published, in words."""
    variant: str | None = None
    """Name of the variant; null is the preset itself."""
    at_least: Float | None = None
    at_most: Float | None = None
    because: str
    """Reason for the bounds."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> "Bounds":
        if self.at_least is None and self.at_most is None:
            raise ValueError("Give at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least ({self.at_least:g}) is above at_most ({self.at_most:g})")
        return self

    @property
    def variants(self) -> tuple[str | None, ...]:
        """Every variant that the figure is about."""
        return (self.variant,)


class MetricFigure(Bounds):
    """A metric of a run, alone or compared with other variants."""

    kind: Literal["metric"]
    metric: str
    """Key of the curve, such as `test/accuracy`."""
    take: Take = "last"
    """Value of the curve to take."""
    less: str | None = None
    """Key of another curve of the same run; its value is subtracted, as for the gap between training and test."""
    beside: tuple[str | None, ...] = ()
    """Other variants: the bounds hold for the difference to each of them. Null is the preset itself."""

    @property
    def variants(self) -> tuple[str | None, ...]:
        """Every variant that it compares, its own first."""
        return (self.variant, *self.beside)


class PredictionFigure(Bounds):
    """Predictions of the trained model."""

    kind: Literal["prediction"]
    instances: Annotated[tuple[Any, ...], Field(min_length=1)]
    """Rows to predict, as a client sends them."""
    outputs: Annotated[tuple[Numbers, ...], Field(min_length=1)]
    """Correct numbers for each row."""
    measure: Measure
    """`accuracy` is the share of numbers on the right side of 0.5."""

    @model_validator(mode="after")
    def _one_output_each(self) -> "PredictionFigure":
        if len(self.instances) != len(self.outputs):
            raise ValueError(f"There are {len(self.instances)} instances and {len(self.outputs)} outputs")
        return self


class DivergenceFigure(SpecModel):
    """A variant that diverges: its run must fail because its loss is no longer finite."""

    kind: Literal["divergence"]
    says: str
    variant: str | None = None
    because: str

    @property
    def variants(self) -> tuple[str | None, ...]:
        """Every variant that the figure is about."""
        return (self.variant,)


Figure = Annotated[MetricFigure | PredictionFigure | DivergenceFigure, Field(discriminator="kind")]


class PublishedTime(SpecModel):
    """Duration of the published run, on a laptop of its time."""

    seconds_per_epoch: tuple[PositiveFloat, PositiveFloat]
    """From the shortest epoch to the longest."""


NumSeeds = Annotated[Int, Field(ge=1, le=100)]
