"""Weights of samples in the loss."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.signatures.labels import Label, find_classes
from core.specs.training import ClassWeight, Training
from models.arrays.samples import Samples, SplitSamples

Weights = npt.NDArray[np.float32]


def weigh_samples(samples: SplitSamples, training: Training, class_labels: tuple[Label, ...]) -> SplitSamples:
    """Multiply the weights of training samples by those of their classes, from `training.class_weight`.

    Held-out samples are not weighted by class, as in `Model.fit`.

    Args:
        samples: Samples, with their weights in the dataset, if any.
        training: Spec with the class weights; core.checks.weights has checked the names of the classes.
        class_labels: Labels of the classes of the dataset.

    Returns:
        Samples that have weights in every part or in none, so that one program evaluates all of them.
    """
    if training.class_weight is None:
        return samples
    by_class = _weigh_classes(training.class_weight, samples.train.targets, class_labels)
    # A product beyond float32 makes the first loss infinite, which the run reports.
    with np.errstate(over="ignore"):
        weights = _weights_of(samples.train) * by_class[samples.train.targets]
    return SplitSamples(
        train=replace(samples.train, weights=weights),
        validation=replace(samples.validation, weights=_weights_of(samples.validation)),
        test=replace(samples.test, weights=_weights_of(samples.test)),
    )


def _weigh_classes(
    class_weight: ClassWeight, classes: npt.NDArray[np.int64], class_labels: tuple[Label, ...]
) -> Weights:
    """Return the weight of each class: (classes,)."""
    weights = np.ones(len(class_labels), np.float32)
    if class_weight == "balanced":
        # As in scikit-learn's compute_class_weight (King and Zeng, 2001): only classes that occur are counted.
        present, counts = np.unique(classes, return_counts=True)
        weights[present] = len(classes) / (len(present) * counts)
        return weights
    for name, number in find_classes(class_weight, class_labels).items():
        weights[number] = class_weight[name]
    return weights


def _weights_of(samples: Samples) -> Weights:
    return np.ones(len(samples), np.float32) if samples.weights is None else samples.weights
