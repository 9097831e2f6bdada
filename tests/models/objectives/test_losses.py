import math
from typing import get_args

import numpy as np
import pytest

from core.specs.losses import LOSSES, Loss, LossName, Probability, TargetForm
from models.objectives.losses import make_loss

LN2 = math.log(2)
# (targets, outputs, the mean loss by hand)
CASES = {
    "mean_squared_error": ([[1.0], [3.0]], [[2.0], [5.0]], (1 + 4) / 2),
    "half_mean_squared_error": ([[1.0], [3.0]], [[2.0], [5.0]], (1 + 4) / 4),
    "mean_absolute_error": ([[1.0], [3.0]], [[2.0], [5.0]], 1.5),
    "mean_absolute_percentage_error": ([[1.0], [4.0]], [[2.0], [5.0]], (100 + 25) / 2),
    "mean_squared_logarithmic_error": ([[0.0], [1.0]], [[math.e - 1], [1.0]], 0.5),
    "huber": ([[0.0], [0.0]], [[0.5], [3.0]], (0.125 + 2.5) / 2),
    "log_cosh": ([[0.0]], [[1.0]], math.log(math.cosh(1))),
    "binary_crossentropy": ([[1.0], [0.0]], [[0.5], [0.75]], (LN2 + 2 * LN2) / 2),
    "categorical_crossentropy": ([[1.0, 0.0]], [[0.25, 0.75]], 2 * LN2),
    "sparse_categorical_crossentropy": ([0], [[0.25, 0.75]], 2 * LN2),
    "kl_divergence": ([[0.5, 0.5]], [[0.25, 0.75]], 0.5 * LN2 + 0.5 * math.log(0.5 / 0.75)),
    "poisson": ([[2.0]], [[math.e]], math.e - 2),
    "hinge": ([[1.0], [-1.0]], [[0.25], [-2.0]], 0.75 / 2),
    "squared_hinge": ([[1.0], [-1.0]], [[0.5], [-2.0]], 0.25 / 2),
    "categorical_hinge": ([[0.0, 1.0]], [[0.75, 0.25]], 1.5),
}


def test_every_loss_has_a_case():
    assert set(CASES) == set(get_args(LossName))


@pytest.mark.parametrize("name", CASES)
def test_a_loss_is_the_mean_over_the_batch(name):
    targets, outputs, expected = CASES[name]

    loss = make_loss(Loss(name=name))(np.array(targets), np.array(outputs, np.float32))

    assert float(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "targets", "logits"),
    [
        # The logistic function of −ln 3 is ¼, and the softmax of 0 and ln 3 is ¼ and ¾: as probabilities they would
        # be 0 and more than 1.
        ("binary_crossentropy", [[1.0]], [[-math.log(3)]]),
        ("categorical_crossentropy", [[1.0, 0.0]], [[0.0, math.log(3)]]),
        ("sparse_categorical_crossentropy", [0], [[0.0, math.log(3)]]),
    ],
)
def test_logits_are_read_as_probabilities(name, targets, logits):
    loss = make_loss(Loss(name=name, from_logits=True))

    assert float(loss(np.array(targets), np.array(logits, np.float32))) == pytest.approx(2 * LN2)


@pytest.mark.parametrize(
    ("name", "targets", "outputs"),
    [("binary_crossentropy", [[1.0]], [[0.25]]), ("categorical_crossentropy", [[1.0, 0.0]], [[0.25, 0.75]])],
)
def test_smoothed_labels_move_towards_the_middle(name, targets, outputs):
    loss = make_loss(Loss(name=name, label_smoothing=0.5))

    # A target of 1 becomes 0.75: 0.75·ln 4 + 0.25·ln(4/3) at an output of ¼.
    expected = 0.75 * math.log(4) + 0.25 * math.log(4 / 3)
    assert float(loss(np.array(targets), np.array(outputs, np.float32))) == pytest.approx(expected, rel=1e-5)


OF_NUMBERS = [
    name
    for name, traits in LOSSES.items()
    if traits.targets is TargetForm.NUMBERS and traits.probability is None and not traits.needs_every_class
]


def loss_of(name, targets, outputs):
    return float(make_loss(Loss(name=name))(np.array(targets, np.float32), np.array(outputs, np.float32)))


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_the_traits_of_a_loss_of_numbers_are_those_of_its_formula(name):
    traits = LOSSES[name]
    near = loss_of(name, [[1.0], [3.0]], [[2.0], [5.0]])

    # A difference is the same of numbers that are all greater by 10; its square is nine times that of a third.
    is_difference = loss_of(name, [[11.0], [13.0]], [[12.0], [15.0]]) == pytest.approx(near, rel=1e-4)
    is_squared = loss_of(name, [[3.0], [9.0]], [[6.0], [15.0]]) == pytest.approx(9 * near, rel=1e-4)
    needs_positive = math.isnan(loss_of(name, [[1.0]], [[-2.0]]))

    assert (traits.is_difference, traits.is_squared) == (is_difference, is_squared)
    assert traits.needs_positive is needs_positive


def test_the_other_traits_are_those_of_the_definitions():
    having = {
        field: {name for name, traits in LOSSES.items() if getattr(traits, field)}
        for field in ("smooths_labels", "is_for_classes", "needs_every_class", "is_difference", "needs_positive")
    }
    # One output for each class is a distribution over them, which these compare, or margins between them.
    over_classes = {"categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_hinge"}
    assert having["is_for_classes"] == over_classes
    assert having["needs_every_class"] == over_classes | {"kl_divergence"}
    # Only targets that are probabilities can be smoothed, not class numbers.
    assert having["smooths_labels"] == {"binary_crossentropy", "categorical_crossentropy"}
    assert having["is_difference"] <= set(OF_NUMBERS)
    assert having["needs_positive"] <= set(OF_NUMBERS)
    assert {name: traits.probability for name, traits in LOSSES.items() if traits.probability} == {
        "binary_crossentropy": Probability.SIGMOID,
        "categorical_crossentropy": Probability.SOFTMAX,
        "sparse_categorical_crossentropy": Probability.SOFTMAX,
    }
    assert {name: traits.targets for name, traits in LOSSES.items() if traits.targets is not TargetForm.NUMBERS} == {
        "hinge": TargetForm.SIGNS,
        "squared_hinge": TargetForm.SIGNS,
        "sparse_categorical_crossentropy": TargetForm.CLASS_NUMBERS,
    }
