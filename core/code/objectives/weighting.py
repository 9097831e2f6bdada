"""Weights of samples in the loss, in source."""

from collections.abc import Sequence

from core.code.draft import Draft
from core.code.source import Items, literal, write
from core.datasets.shape import DatasetShape
from core.signatures.labels import find_classes
from core.specs.training import ClassWeight

_BALANCED = """\
# Every class has the same total weight among the training samples.
present, counts = np.unique(y_train, return_counts=True)
class_weights = np.ones(len(CLASSES), "float32")
class_weights[present] = len(y_train) / (len(present) * counts)"""


def write_class_weights(draft: Draft, weights: ClassWeight, shape: DatasetShape, weighted: Sequence[str]) -> None:
    """Multiply the weights of training samples by those of their classes; held-out samples are not weighted by class.

    Args:
        draft: The program, whose targets are still class numbers.
        weights: Class weights of the spec.
        shape: Shape of the dataset.
        weighted: Parts of the samples that have weights of their own, such as `train`; empty for none.
    """
    draft.need("import numpy as np")
    if weights == "balanced":
        draft.preparation.add(_BALANCED)
    else:
        named = find_classes(weights, shape.class_labels)
        numbers = Items(tuple(literal(weights[name]) for name in named), tuple(map(str, named.values())))
        draft.preparation.add(
            'class_weights = np.ones(len(CLASSES), "float32")',
            write(numbers, "for number, weight in ", ".items():"),
            "    class_weights[number] = weight",
        )
    factor = "w_train * " if "train" in weighted else ""
    draft.preparation.add(f"w_train = {factor}class_weights[y_train]")
