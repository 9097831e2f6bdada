"""Summaries of columns: the bins of a histogram, and counts that can be added up.

`training_summary.json` is a TrainingSummary. Served rows are counted in its bins, so that both can be compared.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LARGEST_BYTES = 64 * 1024
"""Largest size of a training summary, as JSON."""

MOST_COLUMNS = 50
"""Most columns of the input that are summarised, the first ones."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, use_attribute_docstrings=True)


class NumberBins(_Part):
    """Bins of numbers: one below the first edge, one from each edge to below the next, one from the last edge on."""

    kind: Literal["number"] = "number"
    edges: tuple[float, ...]
    """Ascending, in units from the origin of the column."""
    origin: Annotated[int, Field(strict=True)] | float = 0
    """The number from which edges are measured."""
    unit: float = Field(1.0, gt=0)
    """The number is the origin plus an edge times this unit."""
    step: float = Field(0.0, ge=0)
    """Distance within which numbers are the same, if they are computed and differ in their last digits. Edges lie half
    of it below the first number of their bin, and the last one above the greatest number."""

    @property
    def num_bins(self) -> int:
        """Return the number of bins."""
        return len(self.edges) + 1


class CategoryBins(_Part):
    """Bins of categories: one for each listed category, one for all others."""

    kind: Literal["category"] = "category"
    codes: tuple[int, ...]
    """Number of each category, as rows are encoded."""
    labels: tuple[str, ...]
    """Text of each category, cut if it is long."""

    @property
    def num_bins(self) -> int:
        """Return the number of bins."""
        return len(self.codes) + 1


AnyBins = Annotated[NumberBins | CategoryBins, Field(discriminator="kind")]


class Moments(_Part):
    """Size, mean and spread of the finite numbers of a column, in units from its origin."""

    count: int = Field(ge=0)
    mean: float
    squares: float = Field(ge=0)
    """Sum of the squared distances from the mean."""
    least: float
    greatest: float

    def plus(self, other: Self) -> Self:
        """Return the moments of both (Chan, Golub and LeVeque, 1979)."""
        count = self.count + other.count
        gap = other.mean - self.mean
        return type(self)(
            count=count,
            mean=self.mean + gap * (other.count / count),
            squares=self.squares + other.squares + gap * gap * (self.count * (other.count / count)),
            least=min(self.least, other.least),
            greatest=max(self.greatest, other.greatest),
        )


class ColumnCounts(_Part):
    """Rows of one column, by bin."""

    bins: tuple[int, ...]
    missing: int = 0
    """Rows without a value, or whose answer is NaN."""
    moments: Moments | None = None
    """Null for categories, and without a finite number."""

    @property
    def num_rows(self) -> int:
        """Return the number of rows."""
        return sum(self.bins) + self.missing

    def plus(self, other: "ColumnCounts") -> "ColumnCounts":
        """Return the counts of both, which have the same bins."""
        mine, others = self.moments, other.moments
        return ColumnCounts(
            bins=tuple(map(sum, zip(self.bins, other.bins, strict=True))),
            missing=self.missing + other.missing,
            moments=mine.plus(others) if mine is not None and others is not None else mine or others,
        )


class ColumnSummary(_Part):
    """One column of the input or the output: its bins, and the training samples in each."""

    name: str
    bins: AnyBins
    counts: ColumnCounts

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.counts.bins) != self.bins.num_bins:
            raise ValueError(f"column {self.name!r} has {self.bins.num_bins} bins and {len(self.counts.bins)} counts")
        return self


class TrainingSummary(_Part):
    """Inputs of the training samples, and answers of the trained model for held-out or training samples."""

    format: Literal[1] = 1
    num_samples: int
    """Training samples."""
    num_rows: int
    """Training samples that were summarised, drawn at random if they are not all."""
    inputs: tuple[ColumnSummary, ...]
    num_left_out: int = 0
    """Columns of the input that are not summarised."""
    outputs: tuple[ColumnSummary, ...]
    num_answers: int
    """Samples whose answers were summarised."""
    answers_of: Literal["train", "validation", "test"]
    """The samples whose answers were summarised."""


class ServedCounts(_Part):
    """Served rows of one model version in some time: every row counted, some of them looked at."""

    layout: str
    """Fingerprint of the columns and their bins; counts of different ones cannot be added."""
    num_rows: int
    """Rows that were answered."""
    num_watched: int
    """Rows that were looked at."""
    inputs: tuple[ColumnCounts, ...]
    outputs: tuple[ColumnCounts, ...]

    def plus(self, other: "ServedCounts") -> "ServedCounts":
        """Return the counts of both, which have the same layout."""
        return ServedCounts(
            layout=self.layout,
            num_rows=self.num_rows + other.num_rows,
            num_watched=self.num_watched + other.num_watched,
            inputs=tuple(mine.plus(theirs) for mine, theirs in zip(self.inputs, other.inputs, strict=True)),
            outputs=tuple(mine.plus(theirs) for mine, theirs in zip(self.outputs, other.outputs, strict=True)),
        )
