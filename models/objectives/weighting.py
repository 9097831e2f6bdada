"""Weights of samples in the loss."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.checks.weights import number_classes
from core.specs.training import ClassWeight, Training
from models.arrays.samples import Samples, SplitSamples

Weights = npt.NDArray[np.float32]


def weigh_samples(samples: SplitSamples, training: Training, class_labels: tuple[str, ...]) -> SplitSamples:
    """Multiply the weights of training samples by those of their classes, as `training.class_weight` has them.

    Samples that are not learned from are never weighed by class, as in `Model.fit`.

    Args:
        samples: With the weights that the dataset gives them, if any.
        training: Says what classes count; core.checks.weights has found that it names only classes there are.
        class_labels: Of the dataset.

    Returns:
        Samples that have weights in every part, or in none: then one program measures all of them.
    """
    if training.class_weight is None:
        return samples
    by_class = _weigh_classes(training.class_weight, samples.train.targets, class_labels)
    # A product past float32 makes the first loss infinite, and the run says so.
    with np.errstate(over="ignore"):
        weights = _weights_of(samples.train) * by_class[samples.train.targets]
    return SplitSamples(
        train=replace(samples.train, weights=weights),
        validation=replace(samples.validation, weights=_weights_of(samples.validation)),
        test=replace(samples.test, weights=_weights_of(samples.test)),
    )


def _weigh_classes(class_weight: ClassWeight, classes: npt.NDArray[np.int64], class_labels: tuple[str, ...]) -> Weights:
    """The weight of each class: (classes,)."""
    weights = np.ones(len(class_labels), np.float32)
    if class_weight == "balanced":
        # As scikit-learn's compute_class_weight (King and Zeng, 2001): only classes that occur have a share.
        present, counts = np.unique(classes, return_counts=True)
        weights[present] = len(classes) / (len(present) * counts)
        return weights
    for name, number in number_classes(class_weight, class_labels).items():
        weights[number] = class_weight[name]
    return weights


def _weights_of(samples: Samples) -> Weights:
    return np.ones(len(samples), np.float32) if samples.weights is None else samples.weights
