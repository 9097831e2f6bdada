import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from core.errors import InvalidSpec
from core.signatures.signature import InputKind, Task
from core.uploads.description import ArrayDescription, ArraysDescription, ValueCount

DATASETS = TypeAdapter(Dataset)


def array(name, shape, dtype="float32", values=(), **more):
    counts = tuple(ValueCount(value=value, count=1) for value in values)
    return ArrayDescription(name=name, shape=shape, dtype=dtype, values=counts, **more)


def shape(*arrays, **dataset):
    spec = {"name": "arrays", "dataset": "mine", **dataset}
    return DATASETS.validate_python(spec).shape(ArraysDescription(arrays=arrays))


def test_arrays_are_found_by_usual_names():
    digits = ("10", "9", "2")
    found = shape(
        array("test-images-idx3-ubyte", (9, 28, 28), "uint8"),
        array("train-labels-idx1-ubyte", (50,), "uint8", digits),
        array("train-images-idx3-ubyte", (50, 28, 28), "uint8"),
        array("t10k-labels-idx1-ubyte", (9,), "uint8", digits),
    )

    assert (found.task, found.input_kind, found.input_shape) == (Task.CLASSIFICATION, InputKind.IMAGE, (28, 28))
    assert found.class_labels == (2, 9, 10)
    assert (found.num_train, found.num_test) == (50, 9)


def test_numbers_that_are_not_whole_are_predicted_as_numbers():
    found = shape(array("X", (50, 4)), array("y", (50,)), split={"test": 0.2})

    assert (found.task, found.input_kind, found.target_shape) == (Task.REGRESSION, InputKind.TENSOR, (1,))
    assert (found.num_train, found.num_test) == (40, 10)


def test_a_target_for_every_step_makes_a_sequence():
    found = shape(array("x", (50, 7, 2)), array("y", (50, 7, 1)))

    assert (found.task, found.target_shape) == (Task.SEQUENCE, (7, 1))


@pytest.mark.parametrize(
    ("arrays", "dataset", "pointer", "detail"),
    [
        ([array("a", (5, 2)), array("b", (5,))], {}, "/dataset/inputs", "Choose one of a, b"),
        ([array("x", (5, 2))], {}, "/dataset/targets", "set target_column"),
        ([array("x", (5, 2))], {"target_column": 2}, "/dataset/target_column", "numbered 0 to 1"),
        ([array("x", (5, 2)), array("y", (5,))], {"targets": "z"}, "/dataset/targets", "There is no array 'z'"),
        ([array("x", (5, 2)), array("y", (4,))], {}, "/dataset/targets", "5 samples, 'y' 4 targets"),
        ([array("x", (5, 2), num_not_finite=3), array("y", (5,))], {}, "/dataset", "3 NaN or infinite"),
        ([array("x", (5, 2), "<U3"), array("y", (5,))], {}, "/dataset", "not numbers"),
        ([array("x", (5, 2)), array("y", (5,), "int64", ["4"])], {}, "/dataset/targets", "same class, '4'"),
        ([array("x", (5, 2)), array("y", (5,))], {"task": "classification"}, "/dataset/task", "whole numbers"),
        ([array("x", (5, 2)), array("y", (5,)), array("x_test", (2, 2))], {}, "/dataset/test_inputs", "both"),
        ([array("x", (5, 2, 2)), array("y", (5,))], {"scaling": "min_max"}, "/dataset/scaling", "two axes"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_match_are_rejected(arrays, dataset, pointer, detail):
    with pytest.raises(InvalidSpec) as raised:
        shape(*arrays, **dataset)

    (one,) = raised.value.problems
    assert one.pointer == pointer
    assert detail in one.detail
