import numpy as np
import pytest

from core.datasets.shape import DatasetShape
from core.errors import InvalidInput
from core.signatures.signature import InputKind, Task
from core.specs.losses import Loss
from models.preparation.targets import shape_targets


def dataset(task, target_shape=(), class_labels=()):
    return DatasetShape(
        task=task,
        input_kind=InputKind.TENSOR,
        input_shape=(1,),
        network_input_shape=(1,),
        target_shape=target_shape,
        num_train=1,
        num_validation=0,
        num_test=0,
        class_labels=class_labels,
    )


THREE = dataset(Task.CLASSIFICATION, class_labels=("a", "b", "c"))
TWO = dataset(Task.CLASSIFICATION, class_labels=("no", "yes"))


@pytest.mark.parametrize(
    ("loss", "shape", "output_shape", "expected"),
    [
        ("sparse_categorical_crossentropy", THREE, (3,), [2, 0]),
        ("categorical_crossentropy", THREE, (3,), [[0, 0, 1], [1, 0, 0]]),
        ("mean_squared_error", THREE, (3,), [[0, 0, 1], [1, 0, 0]]),
        ("categorical_hinge", THREE, (3,), [[0, 0, 1], [1, 0, 0]]),
        ("hinge", THREE, (3,), [[-1, -1, 1], [1, -1, -1]]),
    ],
)
def test_classes_are_converted_to_the_form_of_the_loss(loss, shape, output_shape, expected):
    targets = shape_targets(np.array([2, 0]), Loss(name=loss), shape, output_shape)

    assert targets.tolist() == expected
    assert targets.dtype == (np.int32 if loss.startswith("sparse") else np.float32)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("binary_crossentropy", [[1], [0]]), ("mean_squared_error", [[1], [0]]), ("squared_hinge", [[1], [-1]])],
)
def test_two_classes_fit_into_one_number(loss, expected):
    assert shape_targets(np.array([1, 0]), Loss(name=loss), TWO, (1,)).tolist() == expected


def test_bits_become_signs_for_a_hinge_loss_and_stay_bits_for_others():
    bits = np.array([[[0], [1]]], np.float32)
    shape = dataset(Task.BINARY_ADDITION, (2, 1))

    assert shape_targets(bits, Loss(name="hinge"), shape, (2, 1)).tolist() == [[[-1], [1]]]
    assert shape_targets(bits, Loss(name="mean_squared_error"), shape, (2, 1)).tolist() == bits.tolist()


def test_numbers_stay_as_they_are():
    numbers = np.array([[0.0], [1.0], [2.5]])

    targets = shape_targets(numbers, Loss(name="hinge"), dataset(Task.REGRESSION, (1,)), (1,))

    assert targets.tolist() == numbers.tolist()
    assert targets.dtype == np.float32


def test_targets_beyond_float32_are_rejected():
    with pytest.raises(InvalidInput, match=r"within the range of 32-bit floats \(3\.4e38\); got greater ones"):
        shape_targets(np.array([[0.0], [1e39]]), Loss(name="mse"), dataset(Task.REGRESSION, (1,)), (1,))
