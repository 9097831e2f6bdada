"""Explanations of single predictions."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from trainyard import documents
from trainyard.operation import Answer, Operation
from trainyard.resources.metrics import read_number
from trainyard.resources.models import model_path


@dataclass(frozen=True, slots=True)
class Contribution:
    """Contribution of a column to a prediction.

    Attributes:
        name: Name of the column.
        value: Its value, as it was sent; None for a series.
        contribution: Part of the difference between prediction and baseline; None where it is not finite.
        standard_error: Of a sampled contribution; None if it is exact.
    """

    name: str
    value: Any
    contribution: float | None
    standard_error: float | None

    @classmethod
    def from_json(cls, body: documents.ColumnContribution) -> Self:
        """Read a contribution."""
        return cls(
            name=str(body["name"]),
            value=body.get("value"),
            contribution=_read_finite(body.get("contribution")),
            standard_error=_read_finite(body.get("standard_error")),
        )


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Importance of the parts of an image.

    Attributes:
        cells: For each row of cells, fall of the prediction when a cell is hidden.
        cell_height: In pixels of the network's input.
        cell_width: Likewise.
    """

    cells: tuple[tuple[float | None, ...], ...]
    cell_height: int
    cell_width: int

    @classmethod
    def from_json(cls, body: documents.HeatMapEntry) -> Self:
        """Read a heat map."""
        cells = tuple(tuple(map(_read_finite, row)) for row in body["cells"])
        return cls(cells, int(body["cell_height"]), int(body["cell_width"]))


@dataclass(frozen=True, slots=True)
class RowExplanation:
    """Explanation of the prediction for one row.

    Attributes:
        target: Label of the class that is explained; None for a predicted number.
        prediction: Probability or score of the class, or predicted number.
        baseline: Mean prediction of the rows that it is compared with; None for images.
        contributions: One for each column; empty for images.
        heat_map: None for columns.
    """

    target: str | int | float | bool | None
    prediction: float | None
    baseline: float | None
    contributions: tuple[Contribution, ...]
    heat_map: HeatMap | None

    @classmethod
    def from_json(cls, body: documents.RowExplanationEntry) -> Self:
        """Read the explanation of a row."""
        heat_map = body.get("heat_map")
        return cls(
            target=body.get("target"),
            prediction=_read_finite(body.get("prediction")),
            baseline=_read_finite(body.get("baseline")),
            contributions=tuple(map(Contribution.from_json, body.get("contributions") or ())),
            heat_map=None if heat_map is None else HeatMap.from_json(heat_map),
        )


@dataclass(frozen=True, slots=True)
class Explanations:
    """Explanations of one model version, one for each row, in order. Iterates and indexes as its rows do.

    Attributes:
        model: Name of the model.
        version: Number of the version.
        method: `shapley` or `occlusion`.
        rows: Explanations of the rows.
        document: All of the answer, as it came.
    """

    model: str
    version: int
    method: str
    rows: tuple[RowExplanation, ...]
    document: documents.ExplanationReport

    @classmethod
    def from_json(cls, body: documents.ExplanationReport) -> Self:
        """Read a report."""
        return cls(
            model=str(body["model"]),
            version=int(body["version"]),
            method=str(body["method"]),
            rows=tuple(map(RowExplanation.from_json, body["explanations"])),
            document=body,
        )

    def __iter__(self) -> Iterator[RowExplanation]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> RowExplanation:
        return self.rows[index]


def explain(
    model: str, instances: Sequence[Any], *, version: int | None, label: str | None, options: dict[str, Any]
) -> Operation[Explanations]:
    """Explain the predictions for rows; see `Client.explain`."""
    path = f"{model_path(model, version, label)}:explain"
    body = {"instances": list(instances)} | options
    return Operation("POST", path, lambda answer: answer.read_one(Explanations), body=body)


def draw(
    model: str,
    instances: Sequence[Any],
    *,
    form: str,
    version: int | None,
    label: str | None,
    options: dict[str, Any],
) -> Operation[bytes]:
    """Fetch the same as an image."""
    path = f"{model_path(model, version, label)}:explain"
    body = {"instances": list(instances)} | options
    return Operation("POST", path, Answer.read_bytes, parameters=[("format", form)], body=body)


def list_options(
    *,
    method: str | None,
    target: str | float | bool | None,
    num_samples: int | None,
    seed: int | None,
    background: Sequence[Any] | None,
) -> dict[str, Any]:
    """Return the fields of a request that were given."""
    given = {
        "method": method,
        "target": target,
        "num_samples": num_samples,
        "seed": seed,
        "background": None if background is None else list(background),
    }
    return {name: value for name, value in given.items() if value is not None}


def _read_finite(value: Any) -> float | None:
    """Return a number; None for null, NaN and infinities, which nothing can be drawn or ranked with."""
    number = read_number(value)
    return number if math.isfinite(number) else None
