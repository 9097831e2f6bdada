"""Most likely classes in place of an output's numbers (Triton's classification extension)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.signatures.signature import ModelSignature
from serving.answers import class_scores


def classify(
    output: NDArray[Any], num_classes: int, labels: tuple[str, ...], signature: ModelSignature
) -> tuple[list[str], int]:
    """Return `value:index:label` of the greatest numbers of each row, the greatest first; of equal ones the first.

    A single output is the score of the second of two classes, and answered as those of both.

    Args:
        output: (num_rows, *output shape), numbers; all axes of a row count as one.
        num_classes: How many for each row, if it has as many.
        labels: Label of each class; empty if they have none, and then the last part is left out.
        signature: Signature of the model.

    Returns:
        The strings, row by row, and how many there are for each row.
    """
    scores = output.reshape(len(output), -1)
    if labels:
        scores = class_scores(scores, signature)
    order = _rank(scores)[:, :num_classes]
    values = np.take_along_axis(scores, order, axis=1)
    names = [f"{index}:{label}" for index, label in enumerate(labels)] or list(map(str, range(scores.shape[1])))
    # str() of a NumPy number has no more digits than its type.
    answers = [f"{value!s}:{names[index]}" for value, index in zip(values.ravel(), order.ravel().tolist(), strict=True)]
    return answers, order.shape[1]


def _rank(scores: NDArray[Any]) -> NDArray[np.intp]:
    """Return the indices of each row's numbers from the greatest to the least; NaN is last."""
    if scores.dtype.kind == "f":
        return np.argsort(-scores, axis=1, kind="stable")
    # Whole numbers of a type without a sign have no negative.
    backwards = np.argsort(scores[:, ::-1], axis=1, kind="stable")
    order: NDArray[np.intp] = scores.shape[1] - 1 - backwards[:, ::-1]
    return order
