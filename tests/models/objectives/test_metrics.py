"""Values of each metric, computed by hand."""

import math

import numpy as np
import pytest

from core.specs.metrics import METRICS
from core.specs.training import Training
from models.objectives.metrics import make_measures
from models.runtime import keras, tf


def measured(metric, targets, outputs, loss):
    targets, outputs = np.asarray(targets), np.asarray(outputs, np.float32)
    training = Training.model_validate({"loss": loss, "metrics": [metric]})
    (measure,) = make_measures(training, outputs.shape[1:])
    assert measure.name == metric
    if np.issubdtype(targets.dtype, np.integer) and targets.ndim > 1:
        targets = targets.astype(np.float32)
    measure.metric.update_state(
        *measure.read(keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(outputs))
    )
    return float(measure.metric.result())


SOFT = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]
SPARSE = np.array([0, 1, 2, 2], np.int32)
ONE_HOT = np.eye(3, dtype=np.float32)[SPARSE]


@pytest.mark.parametrize(
    ("targets", "loss"), [(SPARSE, "sparse_categorical_crossentropy"), (ONE_HOT, "categorical_crossentropy")]
)
def test_accuracy_counts_the_greatest_output(targets, loss):
    assert measured("accuracy", targets, SOFT, loss) == 0.75


@pytest.mark.parametrize(
    ("targets", "outputs", "loss"),
    [
        ([[1], [0], [1], [0]], [[0.9], [0.2], [0.4], [0.4]], "binary_crossentropy"),
        ([[1], [0], [1], [0]], [[0.9], [0.2], [0.4], [0.4]], "mean_squared_error"),
        # A logit of −0.4 is a probability of 0.40, one of 0.4 would be 0.60.
        ([[1], [0], [1], [0]], [[2.0], [-2.0], [-0.4], [-0.4]], {"name": "binary_crossentropy", "from_logits": True}),
        # A hinge loss puts the border at 0.
        ([[1], [-1], [1], [-1]], [[0.3], [-2.0], [-0.4], [-0.4]], "hinge"),
    ],
)
def test_one_output_is_correct_on_the_right_side_of_its_threshold(targets, outputs, loss):
    assert measured("accuracy", targets, outputs, loss) == 0.75


def test_every_bit_of_a_sequence_counts():
    bits = np.array([[[0], [1], [1], [0]]], np.float32)

    assert measured("accuracy", bits, bits * 0.8 + [[[0], [0], [-0.5], [0]]], "binary_crossentropy") == 0.75


@pytest.mark.parametrize(
    ("targets", "loss"), [(SPARSE, "sparse_categorical_crossentropy"), (ONE_HOT, "categorical_crossentropy")]
)
def test_precision_and_recall_count_outputs_over_one_half(targets, loss):
    # Four outputs are over ½, three of them right; four classes were to be found.
    assert measured("precision", targets, SOFT, loss) == 0.75
    assert measured("recall", targets, SOFT, loss) == 0.75


def test_precision_and_recall_read_logits_as_probabilities():
    logits = np.log(np.array(SOFT))
    loss = {"name": "sparse_categorical_crossentropy", "from_logits": True}

    assert measured("precision", SPARSE, logits, loss) == 0.75


def test_logits_of_independent_outputs_are_probabilities_one_by_one():
    # Both logits are above 0, so both outputs are over ½; as a softmax each would be ½.
    loss = {"name": "binary_crossentropy", "from_logits": True}

    assert measured("recall", [[1, 1]], [[2.0, 2.0]], loss) == 1.0


def test_outputs_beyond_0_and_1_are_the_surest_decisions():
    assert measured("auc", [[1], [0], [1]], [[1.9], [-3.0], [0.5]], "mean_squared_error") == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "hinge"])
def test_auc_is_the_share_of_pairs_in_the_right_order(loss):
    # Of the four pairs of a yes and a no, 0.7 > 0.1, 0.7 > 0.3, 0.2 > 0.1, but 0.2 < 0.3.
    sign = -1 if loss == "hinge" else 0

    auc = measured("auc", [[1], [sign], [1], [sign]], [[0.7], [0.1], [0.2], [0.3]], loss)

    assert auc == pytest.approx(0.75, abs=0.01)


def test_top_five_accuracy_counts_the_five_greatest_outputs():
    outputs = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] * 2

    # Class 5 is the fifth best, class 4 the sixth.
    sparse = np.array([5, 4], np.int32)
    assert measured("top_k_categorical_accuracy", sparse, outputs, "sparse_categorical_crossentropy") == 0.5
    one_hot = np.eye(10, dtype=np.float32)[sparse]
    assert measured("top_k_categorical_accuracy", one_hot, outputs, "categorical_crossentropy") == 0.5


ERRORS = [
    # Errors of 1, 0 and −2 against 2, 4 and 6, whose mean is 4: squares add up to 5, those around the mean to 8.
    ("mean_squared_error", 5 / 3),
    ("root_mean_squared_error", math.sqrt(5 / 3)),
    ("mean_absolute_error", 1.0),
    ("mean_absolute_percentage_error", 100 * (1 / 2 + 0 + 2 / 6) / 3),
    ("r2_score", 1 - 5 / 8),
    ("cosine_similarity", 1.0),  # Of single numbers of one sign.
]
COUNTS = {"accuracy", "top_k_categorical_accuracy", "precision", "recall", "auc"}


def test_every_metric_has_a_case():
    assert {name for name, _ in ERRORS} | COUNTS == set(METRICS)


@pytest.mark.parametrize(("metric", "expected"), ERRORS)
@pytest.mark.parametrize("is_sequence", [False, True])
def test_errors_are_those_of_the_numbers(metric, expected, is_sequence):
    shape = (1, 3, 1) if is_sequence else (3, 1)
    targets = np.array([2.0, 4.0, 6.0], np.float32).reshape(shape)
    outputs = np.array([3.0, 4.0, 4.0]).reshape(shape)

    assert measured(metric, targets, outputs, "mean_squared_error") == pytest.approx(expected, rel=1e-5)


def test_errors_of_classes_are_those_of_their_one_hot_form():
    expected = np.mean((np.array(SOFT) - ONE_HOT) ** 2)

    for targets, loss in ((SPARSE, "sparse_categorical_crossentropy"), (ONE_HOT, "categorical_crossentropy")):
        assert measured("mean_squared_error", targets, SOFT, loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # Targets 100 and 104, outputs 101 and 102.
        ("mean_absolute_error", (1 + 2) / 2),
        ("r2_score", 1 - (1 + 4) / (4 + 4)),
        ("mean_absolute_percentage_error", 100 * (1 / 100 + 2 / 104) / 2),
        # Of one number each, both positive.
        ("cosine_similarity", 1.0),
    ],
)
def test_metrics_of_centred_numbers_are_those_of_the_numbers(metric, expected):
    training = Training.model_validate({"loss": "mse", "metrics": [metric]})
    (measure,) = make_measures(training, (1,), offset=(102.0,))

    measure.metric.update_state(*measure.read(tf.constant([[-2.0], [2.0]]), tf.constant([[-1.0], [0.0]])))

    assert float(measure.metric.result()) == pytest.approx(expected, rel=1e-6)


def test_a_small_percentage_error_keeps_its_digits():
    training = Training.model_validate({"loss": "mse", "metrics": ["mean_absolute_percentage_error"]})
    (measure,) = make_measures(training, (1,), offset=(1_700_000_000,))

    measure.metric.update_state(*measure.read(tf.constant([[0.0]]), tf.constant([[0.25]])))

    assert float(measure.metric.result()) == pytest.approx(100 * 0.25 / 1.7e9, rel=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_rises_or_falls_the_better_the_outputs_are(metric):
    if metric == "top_k_categorical_accuracy":
        targets, loss = np.array([0, 1], np.int32), "sparse_categorical_crossentropy"
        good, bad = np.eye(9)[targets], 1 - np.eye(9)[targets]
    elif METRICS[metric].counts_answers:
        targets, loss, good, bad = [[1], [0]], "binary_crossentropy", [[0.9], [0.1]], [[0.1], [0.9]]
    else:
        targets, loss, good, bad = [[1.0], [2.0]], "mean_squared_error", [[1.0], [2.0]], [[-1.0], [-2.0]]

    rises = measured(metric, targets, good, loss) > measured(metric, targets, bad, loss)

    assert METRICS[metric].rises is rises


def test_metrics_that_count_answers_are_those_of_decisions():
    assert {name for name, traits in METRICS.items() if traits.counts_answers} == COUNTS
    # Of five outputs, each is among the five greatest.
    assert {name: traits.most_outputs_always_right for name, traits in METRICS.items()} == {
        name: 5 if name == "top_k_categorical_accuracy" else 0 for name in METRICS
    }
