import math

import numpy as np
import pytest
from sklearn.metrics import classification_report, confusion_matrix

from core.evaluation import MOST_CLASSES
from models.evaluation.tallies import BitTally, ClassTally

ABC = ("a", "b", "c", "d")
# Of "d" there are no samples, "c" is never answered, "b" is confused with "d".
ACTUAL = np.array([0, 0, 0, 1, 1, 2, 1, 0])
ANSWERED = np.array([0, 0, 1, 1, 3, 0, 1, 0])
HALF = 0.5


def count(tally, targets, outputs, *, batch=3):
    """Batch after batch, the last one shorter."""
    for first in range(0, len(targets), batch):
        tally.add(targets[first : first + batch], outputs[first : first + batch])
    return tally.report()


def one_hot(classes, num_classes=4):
    return np.eye(num_classes, dtype=np.float32)[classes]


def none_as_nan(value):
    return math.nan if value is None else value


@pytest.mark.parametrize("targets", [ACTUAL.astype(np.int32), one_hot(ACTUAL), one_hot(ACTUAL) * 2 - 1])
def test_classes_are_counted_as_scikit_learn_counts_them(targets):
    report = count(ClassTally(ABC, HALF), targets, one_hot(ANSWERED) * 7 - 3)

    expected = classification_report(
        ACTUAL, ANSWERED, labels=range(4), target_names=ABC, output_dict=True, zero_division=np.nan
    )
    assert report.accuracy == expected["accuracy"]
    assert report.confusion_matrix == tuple(map(tuple, confusion_matrix(ACTUAL, ANSWERED, labels=range(4)).tolist()))
    named = {part.label: part for part in report.classes}
    assert list(named) == list(ABC)
    rows = named | {"macro avg": report.macro_average, "weighted avg": report.weighted_average}
    for name, row in rows.items():
        numbers = [none_as_nan(number) for number in (row.precision, row.recall, row.f1)]
        scores = [expected[name][key] for key in ("precision", "recall", "f1-score")]
        np.testing.assert_allclose(numbers, scores, rtol=1e-12, err_msg=name)
    assert [part.support for part in report.classes] == [4, 3, 1, 0]


def test_undefined_metrics_are_none():
    report = count(ClassTally(("a", "b", "c"), HALF), np.array([0, 0]), one_hot(np.array([1, 1]), 3))

    a, b, c = report.classes
    assert (a.precision, a.recall, a.f1) == (None, 0.0, 0.0)
    assert (b.precision, b.recall, b.f1) == (0.0, None, 0.0)
    assert (c.precision, c.recall, c.f1) == (None, None, None)
    # The one class that has a precision has no samples, and so no weight.
    assert report.weighted_average.precision is None
    assert report.macro_average.precision == 0.0


@pytest.mark.parametrize(
    ("threshold", "outputs", "targets"),
    [
        (0.5, [0.5, 0.49, 0.9, 0.1], [1, 0, 1, 1]),
        (0.0, [0.0, -0.1, 3.0, -2.0], [1, 0, 1, 1]),
        (0.0, [0.0, -0.1, 3.0, -2.0], [1, -1, 1, 1]),
    ],
    ids=["probabilities", "logits", "hinge"],
)
def test_a_single_output_predicts_the_second_class_from_the_threshold(threshold, outputs, targets):
    column = np.array(targets, np.float32)[:, None]

    report = count(ClassTally(("no", "yes"), threshold), column, np.array(outputs, np.float32)[:, None])

    assert report.confusion_matrix == ((1, 0), (1, 2))
    assert report.accuracy == 0.75


def test_very_many_classes_have_no_confusion_matrix():
    num_classes = MOST_CLASSES + 1
    actual, answered = np.array([0, 5, 200, 200]), np.array([0, 6, 200, 5])

    report = count(ClassTally(tuple(map(str, range(num_classes))), HALF), actual, one_hot(answered, num_classes))

    assert report.confusion_matrix is None
    assert report.accuracy == 0.5
    last = report.classes[200]
    assert (last.precision, last.recall, last.support, last.predicted, last.correct) == (1.0, 0.5, 2, 1, 1)


def test_counts_exceed_the_integers_of_float32():
    tally = ClassTally(("no", "yes"), HALF)
    targets, outputs = np.ones((1, 1), np.float32), np.ones((1, 1), np.float32)
    tally.add(targets, outputs)
    tally._pairs += np.array([[0, 0], [0, 2**24]])
    tally.add(targets, outputs)

    assert tally.report().confusion_matrix[1][1] == 2**24 + 2


def test_bits_are_counted_one_by_one_and_by_sequence():
    targets = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 0]], np.float32)[..., None]
    outputs = np.array([[0.2, 0.5, 0.9], [0.9, 0.6, 0.1], [0.9, 0.9, 0.2], [0.1, 0.2, 0.3]], np.float32)[..., None]

    report = count(BitTally(3, HALF), targets, outputs)

    assert report.bit_accuracy == pytest.approx(10 / 12)
    assert report.sequence_accuracy == 0.5
    assert report.accuracy_by_place == (1.0, 0.75, 0.75)
