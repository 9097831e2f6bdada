"""The number that is explained: the score of a class, or one of the predicted numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances, nearest
from core.signatures.labels import Label, find_classes, label_text
from core.signatures.signature import ModelSignature
from serving.answers import class_labels, class_scores, has_class_per_row
from serving.errors import show
from serving.explanations.shapley import Numbers
from serving.rows.tensors import describe_shape


@dataclass(frozen=True, slots=True)
class ExplainedNumber:
    """A column of the output.

    Attributes:
        place: Its index among the classes or numbers.
        label: Label of the class; None for a number.
    """

    place: int
    label: Label | None


def list_scores(output: NDArray[Any], signature: ModelSignature) -> Numbers:
    """Return the numbers of each row that can be explained (n, k): the scores of classes, or predicted numbers.

    Raises:
        InvalidInstances: If the answer to a row is not a list of classes or numbers.
    """
    if has_class_per_row(signature):
        return class_scores(output, signature).astype(np.float64)
    if len(signature.output.shape) > 1:
        raise InvalidInstances.at(
            "",
            "Classes and numbers can be explained; the answer of this model to a row has the shape "
            f"{describe_shape(signature.output.shape)}.",
            "not_explainable",
        )
    return output.reshape(len(output), -1).astype(np.float64)


def choose_number(scores: Numbers, signature: ModelSignature, target: Label | None) -> ExplainedNumber:
    """Return the number of a row that is explained.

    Args:
        scores: (k,) of the row.
        signature: Signature of the model.
        target: Label of a class, or number of an output from 0; None for the predicted class, or the first output.

    Raises:
        InvalidInstances: If there is no such class or output, or no class is the likeliest.
    """
    if not has_class_per_row(signature):
        place = 0 if target is None else target
        if type(place) is not int or not 0 <= place < len(scores):
            detail = f"The target is {show(label_text(place))}; this model predicts {len(scores)} numbers, from 0."
            raise InvalidInstances.at("/target", detail, "unknown_target")
        return ExplainedNumber(place, None)
    labels = class_labels(signature)
    if target is None:
        if np.isnan(scores).any():
            raise InvalidInstances.at("", "The model answers NaN, which cannot be explained.", "not_explainable")
        is_second = len(scores) == 2 and signature.output.shape == (1,)  # noqa: PLR2004 - two classes.
        place = int(scores[1] >= signature.threshold) if is_second else int(scores.argmax())
        return ExplainedNumber(place, labels[place])
    if target in labels and not isinstance(target, bool):
        place = labels.index(target)
    else:
        known = find_classes([label_text(target)], labels)
        if label_text(target) not in known:
            hint = nearest(label_text(target), [label_text(label) for label in labels])
            detail = f"The model has no class '{show(label_text(target))}'.{hint}"
            raise InvalidInstances.at("/target", detail, "unknown_target")
        place = known[label_text(target)]
    return ExplainedNumber(place, labels[place])
