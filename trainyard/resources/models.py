"""Models: predict, and the shape of their input."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainyard.errors import InvalidArgument, UnexpectedAnswer
from trainyard.operation import Answer, Operation, encode

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
