"""Response bodies: outputs of a network in the form that a request asks for."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from core.signatures.labels import Label, label_text
from core.signatures.signature import ModelSignature, Task
from serving.rows.bit_pairs import from_bits

ONE_IN_TWO = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """Response body before it is serialized.

    Attributes:
        key: Its only name: `predictions`, `outputs` or `results`.
        rows: One answer per row; may contain NumPy arrays and numbers at any depth.
        is_finite: True if all numbers are finite.
    """

    key: str
    rows: NDArray[Any] | list[Any]
    is_finite: bool

    def to_json(self) -> bytes:
        """Return the body as JSON; `NaN`, `Infinity` and `-Infinity` are written as in TensorFlow Serving."""
        body = {self.key: self.rows}
        if self.is_finite:
            try:
                # Also writes each number with no more digits than float32 has.
                return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
            except orjson.JSONEncodeError:
                # It does not support whole numbers above 64 bits, which an adder may return.
                pass
        return json.dumps(body, default=_to_plain, separators=(",", ":"), ensure_ascii=False).encode()

    def to_plain(self) -> dict[str, Any]:
        """Return the body as Python dicts, lists, numbers and strings."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain


def answer_rows(key: str, output: NDArray[Any]) -> Answer:
    """Return the raw numbers of each row.

    Args:
        key: Key of the body.
        output: (num_rows, *output shape).
    """
    return Answer(key, np.ascontiguousarray(output), is_finite=_is_finite(output))


def answer_labels(key: str, output: NDArray[Any], signature: ModelSignature) -> Answer:
    """Return the most likely class of each row: `{"label", "class", "probabilities": {label: p}}`.

    The label has the type it was uploaded with; the names of `probabilities` are text, as all names in JSON. Outputs
    that are not probabilities are called `scores`.

    Args:
        key: Key of the body.
        output: (num_rows, num_classes), or (num_rows, 1) if the output is that of the second of two classes.
        signature: Signature of the model, for labels and threshold.
    """
    scores = class_scores(output, signature)
    scores_key = "probabilities" if signature.answers_probabilities else "scores"
    labels = class_labels(signature)
    names = [label_text(label) for label in labels]
    rows = [
        {
            "label": None if index is None else labels[index],
            "class": index,
            scores_key: dict(zip(names, row, strict=True)),
        }
        for index, row in zip(predict_classes(output, signature), scores, strict=True)
    ]
    return Answer(key, rows, is_finite=_is_finite(scores))


def answer_sums(key: str, output: NDArray[Any]) -> Answer:
    """Return the sum that the bits of each row represent: `{"sum", "bits", "probabilities"}`.

    Args:
        key: Key of the body.
        output: (num_rows, num_bits, 1) or (num_rows, num_bits): the probability of each bit to be 1, least
            significant first.
    """
    probabilities = np.ascontiguousarray(output.reshape(len(output), -1))
    bits = (probabilities >= ONE_IN_TWO).astype(int).tolist()
    rows = [
        {
            "sum": number,
            "bits": None if number is None else bit_row,
            "probabilities": row,
        }
        for number, bit_row, row in zip(predict_sums(output), bits, probabilities, strict=True)
    ]
    return Answer(key, rows, is_finite=_is_finite(probabilities))


def predict_classes(output: NDArray[Any], signature: ModelSignature) -> list[int | None]:
    """Return the most likely class of each row; None for a row with a NaN, in which none is.

    Args:
        output: (num_rows, num_classes), or (num_rows, 1) if the output is that of the second of two classes.
        signature: Signature of the model, for the threshold.
    """
    is_single = output.shape[1] == 1
    classes: list[int] = (output[:, 0] >= signature.threshold if is_single else output.argmax(axis=1)).tolist()
    # The greatest number of a row with a NaN is NaN.
    unknown = np.isnan(output.max(axis=1))
    if unknown.any():
        return [None if is_unknown else int(index) for index, is_unknown in zip(classes, unknown, strict=True)]
    return [int(index) for index in classes] if is_single else list(classes)


def predict_sums(output: NDArray[Any]) -> list[int | None]:
    """Return the sum that the bits of each row represent; None for a row with a NaN, which is no bit.

    Args:
        output: As for `answer_sums`.
    """
    probabilities = output.reshape(len(output), -1)
    sums = from_bits(probabilities >= ONE_IN_TWO)
    return [number if is_known else None for number, is_known in zip(sums, _are_known(probabilities), strict=True)]


def class_scores(output: NDArray[Any], signature: ModelSignature) -> NDArray[Any]:
    """Return a column per class, also for a network with one output, which is that of the second of two classes.

    The first class then has the remaining probability, or the negated score if it is not a probability.
    """
    if output.shape[1] > 1:
        return output
    first = 1 - output if signature.answers_probabilities else -output
    return np.concatenate([first, output], axis=1)


def class_labels(signature: ModelSignature) -> tuple[Label, ...]:
    """Return a label per class: the labels of the model, or else the class numbers."""
    if signature.class_labels:
        return signature.class_labels
    num_classes = max(signature.output.shape[-1], 2)
    return tuple(range(num_classes))


def has_class_per_row(signature: ModelSignature) -> bool:
    """Return True if the output for each row is the probabilities of one set of classes."""
    return signature.task is Task.CLASSIFICATION and len(signature.output.shape) == 1


def _are_known(probabilities: NDArray[Any]) -> list[bool]:
    """Return False for rows with a NaN, in which no class or bit is the most likely one."""
    known: list[bool] = np.logical_not(np.isnan(probabilities).any(axis=1)).tolist()
    return known


def _is_finite(array: NDArray[Any]) -> bool:
    return bool(np.isfinite(array).all())


def _to_plain(value: Any) -> Any:
    """Convert a NumPy array or number to Python, with no more digits than float32 has."""
    # orjson writes NaN and infinities as null, so it only gets finite arrays.
    if np.isfinite(value).all():
        return json.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
    return [_to_plain(element) for element in value] if np.ndim(value) else float(value)
