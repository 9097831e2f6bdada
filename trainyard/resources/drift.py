"""Drift of model versions: what they are asked and answer, against their training samples."""

from dataclasses import dataclass
from typing import Self

from trainyard import documents
from trainyard.operation import Answer, Operation, encode


@dataclass(frozen=True, slots=True)
class DriftBin:
    """Interval of numbers, or category.

    Attributes:
        label: Such as `4.3 – 4.8`, `setosa` or `(missing)`.
        reference: Share of the training samples; None if they are not known.
        served: Share of the served rows; None if there are none.
    """

    label: str
    reference: float | None
    served: float | None

    @classmethod
    def from_json(cls, body: documents.DriftBin) -> Self:
        """Read a bin of a column."""
        return cls(str(body["label"]), body.get("reference"), body.get("served"))


@dataclass(frozen=True, slots=True)
class DriftColumn:
    """Column of the input or of the predictions.

    Attributes:
        name: Name of the column.
        psi: Population stability index; None if there are too few rows.
        reading: `stable`, `moderate` or `shifted`; None without an index.
        mean_before: Mean of the training samples; None for categories, or if they are not known.
        mean: Mean of the served rows.
        num_missing: Served rows without a value.
        bins: Shares of both by interval or category.
    """

    name: str
    psi: float | None
    reading: str | None
    mean_before: float | None
    mean: float | None
    num_missing: int
    bins: tuple[DriftBin, ...]

    @classmethod
    def from_json(cls, body: documents.DriftColumn) -> Self:
        """Read a column of a report."""
        reference = body.get("reference")
        return cls(
            name=str(body["name"]),
            psi=body.get("psi"),
            reading=body.get("reading"),
            mean_before=None if reference is None else reference.get("mean"),
            mean=body["served"].get("mean"),
            num_missing=int(body["served"]["num_missing"]),
            bins=tuple(
                DriftBin(str(part["label"]), part.get("reference"), part.get("served")) for part in body["bins"]
            ),
        )


@dataclass(frozen=True, slots=True)
class Drift:
    """Served rows of a model version against its training samples.

    Attributes:
        model: Name of the model.
        version: Number of the version.
        num_rows: Rows that were answered.
        num_watched: Rows of them that were looked at.
        reason: Why there is no figure; None if there is one.
        shifted: Names of the columns that have shifted.
        predictions: The predicted class and its confidence, or the predicted numbers.
        inputs: Columns of the input.
        document: All of the answer, as it came.
    """

    model: str
    version: int
    num_rows: int
    num_watched: int
    reason: str | None
    shifted: tuple[str, ...]
    predictions: tuple[DriftColumn, ...]
    inputs: tuple[DriftColumn, ...]
    document: documents.DriftReport

    @classmethod
    def from_json(cls, body: documents.DriftReport) -> Self:
        """Read a report."""
        return cls(
            model=str(body["model"]),
            version=int(body["version"]),
            num_rows=int(body["num_rows"]),
            num_watched=int(body["num_watched"]),
            reason=body.get("reason"),
            shifted=tuple(map(str, body["shifted"])),
            predictions=tuple(map(DriftColumn.from_json, body["predictions"])),
            inputs=tuple(map(DriftColumn.from_json, body["inputs"])),
            document=body,
        )


def get_newest(model: str) -> Operation[int]:
    """Fetch the number of a model's newest version."""

    def read(answer: Answer) -> int:
        return answer.convert(lambda body: int(body["latest_version"]), answer.read_object())

    return Operation("GET", f"/v1/registry/models/{encode(model)}", read)


def get_drift(model: str, version: int, since: str | None) -> Operation[Drift]:
    """Fetch the drift of a version."""
    path = f"{_path(model, version)}/drift"
    return Operation("GET", path, lambda answer: answer.read_one(Drift), parameters=_parameters(since))


def get_picture(model: str, version: int, since: str | None) -> Operation[str]:
    """Fetch the same as an SVG image."""
    return Operation("GET", f"{_path(model, version)}/drift.svg", Answer.read_text, parameters=_parameters(since))


def _path(model: str, version: int) -> str:
    return f"/v1/registry/models/{encode(model)}/versions/{version}"


def _parameters(since: str | None) -> list[tuple[str, str]]:
    return [] if since is None else [("since", since)]
