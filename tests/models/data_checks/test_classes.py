import numpy as np

from core.datasets.shape import DatasetShape
from core.signatures.signature import InputKind, Task
from models.arrays.samples import Samples, SplitSamples
from models.data_checks.classes import warn_of_absent_classes

SHAPE = DatasetShape(
    task=Task.CLASSIFICATION, input_kind=InputKind.TABLE, input_shape=(1,), network_input_shape=(1,), target_shape=(),
    num_train=0, num_validation=0, num_test=0, class_labels=("common", "b", "c"),
)  # fmt: skip


def samples(*classes):
    return Samples(np.zeros((len(classes), 1), np.float32), np.array(classes, np.int64))


def test_a_class_that_lies_only_in_held_out_samples_is_told():
    (notice,) = warn_of_absent_classes(SHAPE, SplitSamples(samples(0, 0, 1), samples(), samples(0, 1, 2, 2)))
    assert (notice.code, notice.pointer) == ("class_not_trained", "/dataset/split")
    assert notice.detail.startswith("The class 'c' (2) has no training sample: the network cannot answer it")
    assert "Set split.stratify" in notice.detail


def test_a_class_that_is_not_among_the_held_out_samples_is_told_for_each_split():
    parts = SplitSamples(samples(0, 1, 2), samples(0, 1), samples(0))
    assert [(notice.pointer, notice.detail[:33]) for notice in warn_of_absent_classes(SHAPE, parts)] == [
        ("/dataset/split/validation", "1 of 3 classes ('c') have no vali"),
        ("/dataset/split/test", "2 of 3 classes ('b', 'c') have no"),
    ]


def test_nothing_is_told_where_every_split_has_every_class_or_nothing_is_held_out():
    assert warn_of_absent_classes(SHAPE, SplitSamples(samples(0, 1, 2), samples(), samples(2, 1, 0))) == []


def test_an_exercise_may_name_classes_that_no_row_has():
    assert warn_of_absent_classes(SHAPE, SplitSamples(samples(1), samples(), samples())) == []
