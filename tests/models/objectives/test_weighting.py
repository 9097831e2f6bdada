import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from core.specs.training import Training
from models.arrays.samples import Samples, SplitSamples
from models.objectives.weighting import weigh_samples

LABELS = ("no", "yes", "perhaps")


def samples(classes, weights=None):
    inputs = np.zeros((len(classes), 1), np.float32)
    return Samples(inputs, np.array(classes), None if weights is None else np.array(weights, np.float32))


def weigh(class_weight, train, validation=(), test=(), weights=(None, None, None)):
    parts = SplitSamples(*(samples(*part) for part in zip((train, validation, test), weights, strict=True)))
    weighed = weigh_samples(parts, Training(loss="mse", class_weight=class_weight), LABELS)
    return tuple(
        None if part.weights is None else part.weights.tolist()
        for part in (weighed.train, weighed.validation, weighed.test)
    )


def test_samples_have_equal_weights_by_default():
    assert weigh(None, [0, 1], [1], [2]) == (None, None, None)


def test_classes_that_are_not_named_have_a_weight_of_one():
    assert weigh({"yes": 3, "0": 0.5}, [0, 1, 2, 1])[0] == [0.5, 3, 1, 3]


def test_held_out_samples_are_not_weighted_by_class():
    assert weigh({"yes": 3}, [1], [1, 0], [1]) == ([3], [1, 1], [1])


def test_weights_of_samples_and_classes_are_multiplied():
    weights = ([0.5, 2, 0], [5, 6], [7])
    assert weigh({"yes": 3}, [1, 1, 0], [1, 0], [1], weights) == ([1.5, 6, 0], [5, 6], [7])


def test_balanced_classes_have_the_same_total_weight():
    # 6 samples of 3 classes: 2 for each class, whether it has 1, 2 or 3 of them.
    assert weigh("balanced", [0, 1, 1, 1, 2, 2])[0] == pytest.approx([2, 2 / 3, 2 / 3, 2 / 3, 1, 1])


@pytest.mark.parametrize("classes", [[0, 1, 1, 2, 2, 2], [1, 1, 1], [0, 2, 2]])
def test_balancing_is_that_of_scikit_learn(classes):
    present = np.unique(classes)
    weights = dict(zip(present, compute_class_weight("balanced", classes=present, y=classes), strict=True))
    assert weigh("balanced", classes)[0] == pytest.approx([weights[number] for number in classes])


def test_a_product_beyond_float32_is_infinite_without_a_warning():
    assert weigh({"yes": 3e38}, [1, 0], [1], [1], ([10, 10], [1], [1]))[0] == [np.inf, 10]
