"""Response bodies: outputs of a network in the form that a request asks for."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from core.signatures.labels import Label, label_text
from core.signatures.signature import ModelSignature, Task
from serving.rows.bit_pairs import from_bits
from serving.rows.elements import BYTES_KEY

ONE_IN_TWO = 0.5

BYTES_SUFFIX = "_bytes"


@dataclass(frozen=True, slots=True)
class Answer:
    """Response body before it is serialized.

    Attributes:
        key: Its only name: `predictions`, `outputs` or `results`.
        rows: One answer per row, or an object with those of each output; may contain NumPy arrays and numbers at any
            depth.
        is_finite: True if all numbers are finite; None if that is only known once they are written.
    """

    key: str
    rows: NDArray[Any] | list[Any] | dict[str, Any]
    is_finite: bool | None

    def to_json(self) -> bytes:
        """Return the body as JSON; `NaN`, `Infinity` and `-Infinity` are written as in TensorFlow Serving."""
        body = {self.key: self.rows}
        if self.is_finite is not False:
            try:
                # Also writes each number with no more digits than float32 has.
                text = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
                # Among numbers, NaN and infinities are what it writes as null.
                if self.is_finite or b"null" not in text:
                    return text
            except orjson.JSONEncodeError:
                # It does not support whole numbers above 64 bits, which an adder may return.
                pass
        return json.dumps(body, default=_to_plain, separators=(",", ":"), ensure_ascii=False).encode()

    def to_plain(self) -> dict[str, Any]:
        """Return the body as Python dicts, lists, numbers and strings."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain


def answer_rows(key: str, output: NDArray[Any], name: str = "") -> Answer:
    """Return the raw elements of each row.

    Args:
        key: Key of the body.
        output: (num_rows, *output shape).
        name: Name of the output. Text is written as `{"b64": ...}` if it ends with `_bytes`, as in TensorFlow Serving.
    """
    if output.dtype == object:
        return Answer(key, _write_texts(output, are_bytes=name.endswith(BYTES_SUFFIX)), is_finite=True)
    return Answer(key, np.ascontiguousarray(output), is_finite=None)


def answer_named(key: str, answers: Mapping[str, Answer], *, by_row: bool) -> Answer:
    """Return the answers of several outputs as objects by output name.

    Args:
        key: Key of the body.
        answers: The answer of each output, all to the same rows.
        by_row: True for an object per row, False for a single one of all rows.
    """
    # Text beside the numbers may contain any word.
    is_finite = all(
        _is_finite(np.asarray(answer.rows)) if answer.is_finite is None else answer.is_finite
        for answer in answers.values()
    )
    if not by_row:
        return Answer(key, {name: answer.rows for name, answer in answers.items()}, is_finite)
    columns = [answer.rows for answer in answers.values()]
    rows = [dict(zip(answers, row, strict=True)) for row in zip(*columns, strict=True)]
    return Answer(key, rows, is_finite)


def answer_labels(key: str, output: NDArray[Any], signature: ModelSignature, top_k: int | None = None) -> Answer:
    """Return the most likely class of each row: `{"label", "class", "probabilities": {label: p}}`.

    The label has the type it was uploaded with; the names of `probabilities` are text, as all names in JSON. Outputs
    that are not probabilities are called `scores`.

    Args:
        key: Key of the body.
        output: (num_rows, num_classes), or (num_rows, 1) if the output is that of the second of two classes.
        signature: Signature of the model, for labels and threshold.
        top_k: Number of classes in `probabilities`, best first and the first of equal ones first; None for all classes,
            in the order of the output.
    """
    scores = class_scores(output, signature)
    scores_key = "probabilities" if signature.answers_probabilities else "scores"
    labels = class_labels(signature)
    names = [label_text(label) for label in labels]
    if top_k is None:
        written = shorten_numbers(scores)
        named = [dict(zip(names, row, strict=True)) for row in written]
    else:
        # A NaN comes last.
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
        written = shorten_numbers(np.take_along_axis(scores, order, axis=1))
        named = [
            {names[index]: score for index, score in zip(indices, row, strict=True)}
            for indices, row in zip(order.tolist(), written, strict=True)
        ]
    rows = [
        {"label": None if index is None else labels[index], "class": index, scores_key: row}
        for index, row in zip(predict_classes(output, signature), named, strict=True)
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
    is_second = output.shape[1] == 1
    classes = (output[:, 0] >= signature.threshold).astype(np.int64) if is_second else output.argmax(axis=1)
    # The greatest number of a row with a NaN is NaN.
    greatest = output.max(axis=1).tolist()
    return [None if isnan(number) else index for number, index in zip(greatest, classes.tolist(), strict=True)]


def predict_sums(output: NDArray[Any]) -> list[int | None]:
    """Return the sum that the bits of each row represent; None for a row with a NaN, which is no bit.

    Args:
        output: As for `answer_sums`.
    """
    probabilities = output.reshape(len(output), -1)
    sums = from_bits(probabilities >= ONE_IN_TWO)
    return [number if is_known else None for number, is_known in zip(sums, _are_known(probabilities), strict=True)]


def shorten_numbers(array: NDArray[Any]) -> Iterable[Any]:
    """Return the rows of an array as lists, of numbers with no more digits than their type has.

    The rows stay arrays if a number is not finite.
    """
    if not _is_finite(array):
        return array
    text = orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)
    rows: list[Any] = orjson.loads(text)
    return rows


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
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _write_texts(output: NDArray[Any], *, are_bytes: bool) -> list[Any]:
    texts: list[Any] = output.tolist()
    return [_write_bytes(text) for text in texts] if are_bytes else texts


def _write_bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_write_bytes(element) for element in value]
    return {BYTES_KEY: base64.b64encode(value.encode()).decode()}


def _to_plain(value: Any) -> Any:
    """Convert a NumPy array or number to Python, with no more digits than float32 has."""
    # orjson writes NaN and infinities as null, so it only gets finite arrays.
    if np.isfinite(value).all():
        return json.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
    return [_to_plain(element) for element in value] if np.ndim(value) else float(value)
