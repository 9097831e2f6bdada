"""Answers: what a network gave, in the form a request asked for."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from core.signatures.signature import ModelSignature, Task
from serving.bit_pairs import from_bits

ONE_IN_TWO = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, not yet written as text.

    Attributes:
        key: The one name in it: `predictions`, `outputs` or `results`.
        rows: An answer a row; NumPy's arrays and numbers may stand in it at any depth.
        is_finite: Whether no number in it is NaN or infinite.
    """

    key: str
    rows: NDArray[np.float32] | list[Any]
    is_finite: bool

    def to_json(self) -> bytes:
        """The body as JSON; `NaN`, `Infinity` and `-Infinity` are written as TensorFlow Serving writes them."""
        body = {self.key: self.rows}
        if self.is_finite:
            try:
                # Also writes each number with no more digits than float32 holds.
                return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
            except orjson.JSONEncodeError:
                # It knows no whole numbers above 64 bits: an adder may have more.
                pass
        return json.dumps(body, default=_to_plain, separators=(",", ":"), ensure_ascii=False).encode()

    def to_plain(self) -> dict[str, Any]:
        """The body as Python's own dicts, lists, numbers and strings."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain


def answer_rows(key: str, output: NDArray[np.float32]) -> Answer:
    """Answer each row with its numbers, as they are.

    Args:
        key: Name of the answers in the body.
        output: (num_rows, *output shape).
    """
    return Answer(key, np.ascontiguousarray(output), is_finite=_is_finite(output))


def answer_labels(key: str, output: NDArray[np.float32], signature: ModelSignature) -> Answer:
    """Answer each row with its most likely class: `{"label", "class", "probabilities": {label: p}}`.

    Outputs that are no probabilities are called `scores`.

    Args:
        key: Name of the answers in the body.
        output: (num_rows, num_classes), or (num_rows, 1) where the output speaks for the second of two classes.
        signature: Of the model, for labels and threshold.
    """
    scores = class_scores(output, signature)
    scores_key = "probabilities" if signature.answers_probabilities else "scores"
    labels = class_labels(signature)
    is_second = output[:, 0] >= signature.threshold
    classes = is_second.astype(np.int64) if output.shape[1] == 1 else scores.argmax(axis=1)
    known = _are_known(scores)
    rows = [
        {
            "label": labels[index] if is_known else None,
            "class": index if is_known else None,
            scores_key: dict(zip(labels, row, strict=True)),
        }
        for index, is_known, row in zip(classes.tolist(), known, scores, strict=True)
    ]
    return Answer(key, rows, is_finite=_is_finite(scores))


def answer_sums(key: str, output: NDArray[np.float32]) -> Answer:
    """Answer each row with the sum its bits spell: `{"sum", "bits", "probabilities"}`.

    Args:
        key: Name of the answers in the body.
        output: (num_rows, num_bits, 1) or (num_rows, num_bits): the probability of each bit to be 1, least
            significant first.
    """
    probabilities = np.ascontiguousarray(output.reshape(len(output), -1))
    bits = probabilities >= ONE_IN_TWO
    known = _are_known(probabilities)
    rows = [
        {
            "sum": number if is_known else None,
            "bits": bit_row if is_known else None,
            "probabilities": row,
        }
        for number, bit_row, is_known, row in zip(
            from_bits(bits), bits.astype(int).tolist(), known, probabilities, strict=True
        )
    ]
    return Answer(key, rows, is_finite=_is_finite(probabilities))


def class_scores(output: NDArray[np.float32], signature: ModelSignature) -> NDArray[np.float32]:
    """A column per class, also for a network with one output, which speaks for the second of two.

    The first class then has the rest of the probability, or, of a score that is no probability, the opposite.
    """
    if output.shape[1] > 1:
        return output
    first = 1 - output if signature.answers_probabilities else -output
    return np.concatenate([first, output], axis=1)


def class_labels(signature: ModelSignature) -> tuple[str, ...]:
    """A label per class: the model's own, or else the numbers of the classes."""
    if signature.class_labels:
        return signature.class_labels
    num_classes = max(signature.output.shape[-1], 2)
    return tuple(str(index) for index in range(num_classes))


def has_class_per_row(signature: ModelSignature) -> bool:
    """Return whether the model answers each row with the probabilities of one set of classes."""
    return signature.task is Task.CLASSIFICATION and len(signature.output.shape) == 1


def _are_known(probabilities: NDArray[np.float32]) -> list[bool]:
    """For each row whether it says anything: where a probability is NaN no class or bit is the most likely one."""
    known: list[bool] = np.logical_not(np.isnan(probabilities).any(axis=1)).tolist()
    return known


def _is_finite(array: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(array).all())


def _to_plain(value: Any) -> Any:
    """A NumPy array or number as Python's own, each with no more digits than float32 holds."""
    # orjson would write NaN and infinities as null, so it gets only what has none.
    if np.isfinite(value).all():
        return json.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
    return [_to_plain(element) for element in value] if np.ndim(value) else float(value)
