"""Answers of a network as columns of a result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.batch_predictions import AnswerKind
from core.signatures.labels import Label, label_text, label_type
from core.signatures.signature import ModelSignature, Task
from serving.answers import ONE_IN_TWO, class_labels, class_scores, has_class_per_row
from serving.rows.bit_pairs import from_bits
from serving.rows.tensors import ANY_LENGTH

ROW = "row"
PREDICTION = "prediction"
ERROR = "error"

MOST_BITS = 63
"""Bits of the greatest sum that a column of whole numbers holds."""

SQL_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "mixed": "VARCHAR"}
"""Types of columns of labels, by the type of the labels."""

NOT_A_NUMBER = "The model's answer is not a number."


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """A column of answers.

    Attributes:
        name: Name in the result.
        labels: Labels that its whole numbers stand for; None for a column of the numbers themselves.
    """

    name: str
    labels: tuple[Label, ...] | None = None

    @property
    def sql_type(self) -> str | None:
        """Return the type of its labels; None for a column of numbers."""
        return None if self.labels is None else SQL_TYPES[label_type(self.labels)]

    @property
    def texts(self) -> tuple[str, ...]:
        """Return its labels as text."""
        return tuple(map(label_text, self.labels or ()))


def default_answers(signature: ModelSignature) -> AnswerKind:
    """Return the answers of a model unless others are asked for."""
    return next(iter(possible_answers(signature)), AnswerKind.VALUES)


def possible_answers(signature: ModelSignature) -> tuple[AnswerKind, ...]:
    """Return the kinds of answers that a model can give, the usual one first; none if its outputs have any length."""
    values = (AnswerKind.VALUES,) if ANY_LENGTH not in signature.output.shape else ()
    if has_class_per_row(signature):
        return (AnswerKind.LABELS, AnswerKind.PROBABILITIES, *values)
    return (AnswerKind.LABELS, *values) if signature.task is Task.BINARY_ADDITION else values


def list_columns(signature: ModelSignature, answers: AnswerKind) -> tuple[AnswerColumn, ...]:
    """Return the columns of answers, in order.

    Args:
        signature: Signature of the model.
        answers: One of its possible kinds.
    """
    if answers is AnswerKind.VALUES:
        count = prod(signature.output.shape)
        names = [PREDICTION] if count == 1 else [f"{PREDICTION}_{place}" for place in range(count)]
        return tuple(map(AnswerColumn, names))
    if not has_class_per_row(signature):
        return (AnswerColumn(PREDICTION),)
    labels = class_labels(signature)
    score = "probability" if signature.answers_probabilities else "score"
    predicted = AnswerColumn(PREDICTION, labels)
    if answers is AnswerKind.LABELS:
        return predicted, AnswerColumn(score)
    return predicted, *map(AnswerColumn, _make_different(f"{score}_{label_text(label)}" for label in labels))


def read_answers(
    outputs: Mapping[str, NDArray[Any]], signature: ModelSignature, answers: AnswerKind
) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
    """Return the answers of rows by column, in the order of `list_columns`.

    Args:
        outputs: Outputs of the network by name, (num_rows, *output shape).
        signature: Signature of the model.
        answers: One of its possible kinds.

    Returns:
        Columns (num_rows,), whole numbers for labels; and the mask of rows whose answer is a number.
    """
    output = outputs[signature.output.name]
    flat = output.reshape(len(output), -1)
    is_known = ~np.isnan(flat).any(axis=1)
    if answers is AnswerKind.VALUES:
        return [np.ascontiguousarray(column) for column in flat.T], is_known
    if not has_class_per_row(signature):
        return [np.array(from_bits(flat >= ONE_IN_TWO), np.int64)], is_known
    scores = class_scores(output, signature)
    is_second = output[:, 0] >= signature.threshold
    classes = is_second.astype(np.int64) if output.shape[1] == 1 else scores.argmax(axis=1)
    if answers is AnswerKind.LABELS:
        return [classes, scores[np.arange(len(scores)), classes]], is_known
    return [classes, *(np.ascontiguousarray(column) for column in scores.T)], is_known


def result_names(columns: Sequence[str], answers: Sequence[AnswerColumn], *, has_errors: bool) -> tuple[str, ...]:
    """Return the names of all columns of a result, in order."""
    return (ROW, *columns, *(column.name for column in answers), *([ERROR] if has_errors else []))


def _make_different(names: Iterable[str]) -> list[str]:
    """Number names that are equal but for their case, which DuckDB and many readers of tables do not tell apart."""
    used: set[str] = set()
    different = []
    for name in names:
        number, unique = 2, name
        while unique.casefold() in used:
            unique, number = f"{name}_{number}", number + 1
        used.add(unique.casefold())
        different.append(unique)
    return different
