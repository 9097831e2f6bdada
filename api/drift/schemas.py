"""Response bodies of drift."""

from datetime import datetime
from typing import Literal

from api.http.schemas import AnswerModel
from core.observation.stability import Reading


class ColumnNumbers(AnswerModel):
    """Rows of one side of a column. The numbers are null for categories, and without a value."""

    num_rows: int
    num_missing: int
    """Rows without a value; of predictions, those that are NaN."""
    mean: float | None
    std: float | None
    least: float | None
    greatest: float | None


class DriftBin(AnswerModel):
    """Interval of numbers, or category; those without a row on either side are left out."""

    label: str
    """Such as `4.3 – 4.8` (from 4.3 to below 4.8), `setosa`, `(other)` or `(missing)`."""
    reference: float | None
    """Share of the training samples; null without a training summary."""
    served: float | None
    """Share of the served rows; null if there are none."""


class DriftColumn(AnswerModel):
    """Column of the input or of the predictions."""

    name: str
    kind: Literal["number", "category"]
    psi: float | None
    """Population stability index: 0 for equal distributions; null if there are fewer than 100 rows of either."""
    psi_by_chance: float | None
    """Greatest value by chance, in one of ten thousand cases, though nothing has shifted: more for fewer rows."""
    reading: Reading | None
    """`stable` below 0.1 or within chance, `moderate` up to 0.25, `shifted` above."""
    reference: ColumnNumbers | None
    """Training samples; null without a training summary."""
    served: ColumnNumbers
    bins: list[DriftBin]


class DriftLinks(AnswerModel):
    """Links of a report."""

    picture: str
    version: str


class DriftReport(AnswerModel):
    """Served rows of a model version against its training samples."""

    model: str
    version: int
    since: datetime | None
    """Begin of the time of which rows are compared, a whole hour, or a whole day if it is more than two days ago; null
    for all that is kept."""
    num_rows: int
    """Rows that were answered in that time."""
    num_watched: int
    """Rows of them that were looked at."""
    reason: str | None
    """Reason for which no column has an index; null if one has."""
    shifted: list[str]
    """Names of the columns that have shifted."""
    predictions: list[DriftColumn]
    """The predicted class and its confidence, or the predicted numbers."""
    inputs: list[DriftColumn]
    num_left_out: int
    """Columns of the input that are not watched, because there are too many."""
    links: DriftLinks
