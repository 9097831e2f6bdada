"""Request and response bodies of explanations."""

from typing import Annotated, Any

from pydantic import Field

from api.http.schemas import AnswerModel, MeasuredNumber
from core.signatures.labels import Label
from core.specs.base import Int, SpecModel
from serving.explanations.explanation import DEFAULT_SAMPLES, Method


class ExplainRequest(SpecModel):
    """Rows whose predictions are to be explained."""

    instances: Annotated[list[Any], Field(min_length=1)]
    """Rows, as for `:predict`."""
    method: Method | None = None
    """`shapley` for columns (default), `occlusion` for columns or images (default)."""
    target: Label | None = None
    """Label of the class to explain, or number of an output from 0; by default each row's predicted class, or the first
    output."""
    num_samples: Annotated[Int, Field(ge=1, le=20_000)] = DEFAULT_SAMPLES
    """Orders of columns that are drawn for each row, if there are more than ten columns."""
    seed: Annotated[Int, Field(ge=0, lt=2**63)] = 0
    """Equal seeds draw the same orders."""
    background: Annotated[list[Any], Field(max_length=64)] = Field(default_factory=list)
    """Rows to compare with; if there are none, 16 that are distributed like the training samples, column by column."""


class ColumnContribution(AnswerModel):
    """Contribution of a column to a prediction."""

    name: str
    value: Label | None
    """As it was sent; null for a series."""
    contribution: MeasuredNumber
    """Part of the difference between prediction and baseline; of `occlusion` the fall of the prediction when the column
    is replaced."""
    standard_error: MeasuredNumber | None
    """Of a sampled contribution; null if it is exact."""


class HeatMapEntry(AnswerModel):
    """Importance of the parts of an image."""

    cells: list[list[MeasuredNumber]]
    """For each row of cells from the top: fall of the prediction when a cell is hidden; negative where hiding it raises
    the prediction."""
    cell_height: int
    """In pixels of the network's input."""
    cell_width: int


class RowExplanationEntry(AnswerModel):
    """Explanation of the prediction for one row."""

    target: Label | None
    """Label of the class that is explained; null for a predicted number."""
    output: int
    """Number of the class or output."""
    prediction: MeasuredNumber
    """Probability or score of the class, or predicted number."""
    baseline: MeasuredNumber | None
    """Mean prediction for the background: the Shapley contributions add up to the prediction minus this; null for
    images."""
    contributions: list[ColumnContribution] | None
    """One for each column; null for images."""
    heat_map: HeatMapEntry | None
    """Null for columns."""


class ExplanationReport(AnswerModel):
    """Explanations of the rows of a request."""

    model: str
    version: int
    method: Method
    num_passes: int
    """Rows that the network computed."""
    explanations: list[RowExplanationEntry]
    """One for each row, in order."""
