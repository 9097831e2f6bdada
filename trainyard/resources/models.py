"""Models: predict, the shape of their input, and networks that were trained elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from trainyard import documents
from trainyard.errors import InvalidArgument, UnexpectedAnswer
from trainyard.operation import Answer, Operation, encode
from trainyard.uploads import FormUpload, OnProgress

SECONDS_TO_CHECK = 150.0
"""The service tries a network before it answers."""

RowShape = tuple[int | None, ...] | None
"""Sizes of one row of a model's input, None for any; None if they are not known."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """Answers of one model version, one for each row, in order. Iterates and indexes as its rows do.

    A row's answer is numbers for a plain model, and an object for a friendly one: `{"sum", "bits", "probabilities"}` of
    a binary adder, `{"label", "class", "probabilities"}` of a classifier, with `scores` where its outputs are no
    probabilities.
    """

    model: str
    version: int | None
    rows: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        return self.rows[index]


@dataclass(frozen=True, slots=True)
class UploadedModel:
    """A network that was trained elsewhere, as a version of a model.

    Attributes:
        signature: Inputs and outputs, as the service has stored them.
        document: All of the answer.
    """

    model: str
    version: int
    signature: Mapping[str, Any]
    document: documents.UploadedVersion

    @classmethod
    def from_json(cls, body: documents.UploadedVersion) -> Self:
        """Read the answer to an upload."""
        return cls(
            model=str(body["model"]), version=int(body["version"]), signature=dict(body["signature"]), document=body
        )


def upload(
    model: str, source: Path, *, signature: Mapping[str, Any] | None, on_progress: OnProgress | None
) -> Operation[UploadedModel]:
    """Upload an ONNX file; see `Client.upload_model`. Looks at the file already."""
    texts = {} if not signature else {"signature": json.dumps(signature, ensure_ascii=False)}
    return Operation(
        "POST",
        f"/v1/registry/models/{encode(model)}/versions",
        lambda answer: answer.read_one(UploadedModel),
        upload=FormUpload("network", source, texts, on_progress),
        headers={"Idempotency-Key": str(uuid4())},
        timeout=SECONDS_TO_CHECK,
    )


def predict(
    model: str, instances: Sequence[Any], *, version: int | None, label: str | None, with_labels: bool
) -> Operation[Predictions]:
    """Answer rows with a model; see `Client.predict`."""

    def read(answer: Answer) -> Predictions:
        number = answer.headers.get("X-Model-Version")
        return Predictions(
            model=model,
            version=None if number is None else answer.convert(int, number),
            rows=tuple(answer.read_member(answer.read_object(), "predictions")),
        )

    return Operation(
        "POST",
        f"{model_path(model, version, label)}:predict",
        read,
        parameters=[("labels", "true")] if with_labels else [],
        body={"instances": list(instances)},
    )


def get_row_shape(model: str, *, version: int | None, label: str | None) -> Operation[RowShape]:
    """Fetch the sizes of one row of a model's input."""
    return Operation("GET", f"{model_path(model, version, label)}/metadata", _read_row_shape)


def _read_row_shape(answer: Answer) -> RowShape:
    try:
        return answer.convert(_find_row_shape, answer.read_object())
    except UnexpectedAnswer:
        return None


def _find_row_shape(body: dict[str, Any]) -> RowShape:
    signatures = body["metadata"]["signature_def"]["signature_def"]
    (tensor,) = signatures["serving_default"]["inputs"].values()
    sizes = [int(axis["size"]) for axis in tensor["tensor_shape"]["dim"]]
    return tuple(None if size < 0 else size for size in sizes[1:])


def model_path(model: str, version: int | None, label: str | None) -> str:
    """Return the path of a model, of a version of it by number, or of one by alias.

    Raises:
        InvalidArgument: If both are given.
    """
    if version is not None and label is not None:
        raise InvalidArgument("Expected either a version or a label of the model; got both.")
    path = f"/v1/models/{encode(model)}"
    if version is not None:
        return f"{path}/versions/{version}"
    return path if label is None else f"{path}/labels/{encode(label)}"
