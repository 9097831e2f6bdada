import numpy as np
import pytest

from core.datasets.shape import DatasetShape
from core.signatures.signature import InputKind, Task
from models.arrays.samples import Samples
from models.data_checks.leakage import tells_class, tells_number, warn_of_leakage
from models.data_checks.places import Place

RANDOM = np.random.default_rng(5)

NUM_ROWS = 60

CLASSES = RANDOM.permutation(np.arange(NUM_ROWS) % 3)

NOISE = RANDOM.normal(size=NUM_ROWS)

NUMBERS = RANDOM.normal(size=NUM_ROWS)


def shape(labels=(), width=2):
    task = Task.CLASSIFICATION if labels else Task.REGRESSION
    return DatasetShape(
        task=task, input_kind=InputKind.TABLE, input_shape=(width,), network_input_shape=(width,),
        target_shape=() if labels else (1,), num_train=NUM_ROWS, num_validation=0, num_test=0, class_labels=labels,
    )  # fmt: skip


def places(*are_categories):
    return [
        Place(number, f"The column '{number}'", f"/dataset/columns/{number}", is_category)
        for number, is_category in enumerate(are_categories)
    ]


def warn(columns, targets, labels=(), categories=None):
    rows = np.stack(columns, axis=1).astype(np.float32)
    found = warn_of_leakage(
        places(*(categories or [False] * len(columns))), shape(labels, len(columns)), Samples(rows, targets)
    )
    return [(notice.code, notice.pointer) for notice in found]


LEAK = [("leakage", "/dataset/columns/1")]


@pytest.mark.parametrize(
    ("column", "is_category"),
    [
        (CLASSES, True),
        ((CLASSES + 1) % 3, True),
        (np.array([4, 0, 2])[CLASSES], False),
        (CLASSES * 10 + RANDOM.uniform(size=NUM_ROWS), False),
        (np.where(CLASSES == 1, np.nan, CLASSES), False),
    ],
    ids=["a copy", "another code", "numbers as codes", "thresholds", "missing where the class is 1"],
)
def test_a_column_that_tells_the_class_is_found(column, is_category):
    assert warn([NOISE, column], CLASSES, ("a", "b", "c"), [False, is_category]) == LEAK


@pytest.mark.parametrize(
    "column",
    [
        NOISE,
        np.arange(NUM_ROWS),
        np.where(np.arange(NUM_ROWS) < 8, 1 - CLASSES, CLASSES),
        CLASSES == 0,
    ],
    ids=["noise", "the row number", "right in 52 of 60", "one class of three"],
)
def test_a_column_that_does_not_tell_every_class_is_none(column):
    assert warn([NOISE, column], CLASSES, ("a", "b", "c")) == []


@pytest.mark.parametrize(
    "column",
    [NUMBERS, -3 * NUMBERS + 100, np.exp(NUMBERS), NUMBERS + 1e-4 * NOISE],
    ids=["a copy", "another unit", "a rising curve", "rounded"],
)
def test_a_column_that_tells_the_number_is_found(column):
    assert warn([NOISE, column], NUMBERS[:, None]) == LEAK


@pytest.mark.parametrize("column", [NOISE, NUMBERS + 0.1 * NOISE, np.square(NUMBERS), np.arange(NUM_ROWS)])
def test_a_column_that_is_merely_related_to_the_number_is_none(column):
    assert warn([NOISE, column], NUMBERS[:, None]) == []


def test_a_category_that_stands_for_one_number_is_found():
    prices = np.array([1.5, 9.5, 4.0])[CLASSES][:, None]
    assert warn([NOISE, CLASSES], prices, categories=[False, True]) == LEAK


def test_the_only_feature_may_tell_the_target_and_so_may_all_of_them():
    assert warn([CLASSES], CLASSES, ("a", "b", "c")) == []
    assert warn([CLASSES, CLASSES * 2], CLASSES, ("a", "b", "c")) == []


def test_few_rows_tell_nothing():
    few = np.arange(NUM_ROWS) < 19
    rows = np.stack([NOISE, CLASSES], axis=1)[few].astype(np.float32)
    assert warn_of_leakage(places(False, False), shape(("a", "b", "c")), Samples(rows, CLASSES[few])) == []


def test_a_category_of_its_own_for_every_row_tells_nothing():
    assert not tells_class(np.arange(NUM_ROWS, dtype=np.float64), CLASSES, is_category=True)
    assert not tells_number(np.arange(NUM_ROWS, dtype=np.float64), NUMBERS, is_category=True)


def test_of_many_rows_a_part_is_looked_at_and_the_text_says_so():
    classes = RANDOM.integers(0, 2, 30_000)
    rows = np.stack([RANDOM.normal(size=30_000), classes], axis=1).astype(np.float32)
    (notice,) = warn_of_leakage(places(False, False), shape(("a", "b")), Samples(rows, classes))
    assert "of nearly every training row (of 10,000 that were looked at)" in notice.detail
