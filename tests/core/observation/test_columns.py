import numpy as np
import pytest

from core.observation.columns import measure, read_inputs, read_outputs, read_with_origins
from core.signatures.encodings import (
    MISSING,
    UNSEEN,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoding,
)
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec


def names(reader):
    return [column.name for column in reader.columns]


def values(reader, batch):
    return [column.tolist() for column in reader.read(np.asarray(batch))]


STATISTICS = ["mean", "std", "min", "max"]

TABLE = TableEncoding(
    columns=(
        NumberEncoding(name="age", origin=30, unit=2.0),
        BooleanEncoding(name="member"),
        CategoryEncoding(name="city", values=("Bergen", "Oslo")),
        DateEncoding(name="since", origin="2020-01-01", parts=("elapsed_days", "month")),
    )
)


def test_columns_of_a_table_are_read_as_they_are_encoded():
    reader = read_inputs(InputKind.TABLE, (5,), TABLE.names, TABLE)
    assert names(reader) == ["age", "member", "city", "since (elapsed_days)", "since (month)"]
    assert [column.labels for column in reader.columns] == [(), ("false", "true"), ("Bergen", "Oslo"), (), ()]
    assert (reader.columns[0].origin, reader.columns[0].unit) == (30, 2.0)
    read = reader.read(np.float32([[1, 0, 1, 7, 2], [MISSING, 1, UNSEEN, 8, 3]]))
    np.testing.assert_array_equal(np.array(read), [[1, np.nan], [0, 1], [1, -1], [7, 8], [2, 3]])


def test_the_last_row_of_each_window_is_read_of_a_series():
    reader = read_inputs(InputKind.TABLE, (3, 5), TABLE.names, TABLE)
    batch = np.arange(30.0).reshape(2, 3, 5)
    assert reader.read(batch)[0].tolist() == [10, 25]


def test_named_columns_are_read_in_order_and_the_first_fifty_alone():
    reader = read_inputs(InputKind.COLUMNS, (60,), tuple(f"c{n}" for n in range(60)))
    assert (len(reader.columns), reader.num_left_out, names(reader)[-1]) == (50, 10, "c49")
    assert values(reader, [range(60)])[-1] == [49]


def test_operands_of_an_adder_are_read_as_numbers():
    reader = read_inputs(InputKind.BIT_PAIR, (4, 2))
    assert names(reader) == ["a", "b"]
    assert values(reader, [[[1, 0], [0, 1], [1, 0], [0, 0]]]) == [[5], [2]]
    assert names(read_inputs(InputKind.BIT_PAIR, (5000, 2))) == STATISTICS


def test_images_are_read_as_brightness_contrast_and_colours():
    reader = read_inputs(InputKind.IMAGE, (1, 2, 3))
    assert names(reader) == ["mean", "std", "min", "max", "red", "green", "blue"]
    read = [column[0] for column in reader.read(np.array([[[[0, 2, 4], [2, 4, 6]]]], np.uint8))]
    assert read == pytest.approx([3, np.sqrt(11 / 3), 0, 6, 1, 3, 5])
    assert names(read_inputs(InputKind.IMAGE, (28, 28))) == STATISTICS


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), ["input"]),
        ((2,), ["input 0", "input 1"]),
        ((33,), STATISTICS),
        ((-1,), STATISTICS),
        ((4, 1), STATISTICS),
    ],
)
def test_numbers_without_names_are_read_one_by_one_if_they_are_few(shape, expected):
    assert names(read_inputs(InputKind.TENSOR, shape)) == expected


def test_texts_are_not_read():
    reader = read_inputs(InputKind.TENSOR, (3,), dtype="str")
    assert (names(reader), reader.num_left_out, list(reader.read(np.array([["a", "b", "c"]], object)))) == ([], 3, [])


def test_truth_values_are_read_as_0_and_1():
    assert values(read_inputs(InputKind.TENSOR, (2,), dtype="bool"), [[True, False]]) == [[1], [0]]
    assert values(read_inputs(InputKind.TENSOR, (2, 2), dtype="bool"), [[[True, False], [True, True]]])[0] == [0.75]


@pytest.mark.parametrize("origin", [2**62 + 1, -(2**62) - 1, 2**63 - 3, 0])
def test_distances_of_long_whole_numbers_are_exact(origin):
    offsets = np.array([0, 1, 2])
    assert measure(offsets + np.int64(origin), origin).tolist() == [0, 1, 2]


def test_distances_beyond_int64_do_not_wrap_around():
    assert measure(np.array([-(2**63)]), 2**63 - 1).tolist() == [-(2.0**64)]


def test_long_whole_numbers_are_measured_from_their_origins():
    reader = read_inputs(InputKind.COLUMNS, (2,), ("id", "n"))
    batch = np.array([[2**60 + 1, 5], [2**60 + 3, 6]])
    read = read_with_origins(reader, batch, [2**60, 0])
    assert [column.tolist() for column in read] == [[1, 3], [5, 6]]


def sign(task, shape, **options):
    tensors = {"input": {"shape": (1,)}, "output": {"shape": shape}}
    specs = {name: TensorSpec(name=name, onnx_name=name, **fields) for name, fields in tensors.items()}
    return ModelSignature(task=task, input_kind=InputKind.TENSOR, **specs, **options)


def test_answers_of_a_classifier_are_the_class_and_its_confidence():
    reader = read_outputs(sign(Task.CLASSIFICATION, (3,), class_labels=("a", 2, True)))
    assert [column.labels for column in reader.columns] == [("a", "2", "true"), ()]
    classes, confidence = reader.read(np.float32([[0.25, 0.5, 0.25], [np.nan, 0.5, 0.5]]))
    np.testing.assert_array_equal(classes, [1, np.nan])
    np.testing.assert_array_equal(confidence, [0.5, np.nan])


def test_a_single_output_is_compared_with_the_threshold():
    reader = read_outputs(sign(Task.CLASSIFICATION, (1,), class_labels=("no", "yes")))
    assert values(reader, [[0.25], [0.5], [1.0]]) == [[0, 1, 1], [0.75, 0.5, 1]]
    scores = sign(Task.CLASSIFICATION, (1,), class_labels=("no", "yes"), threshold=0.0, answers_probabilities=False)
    assert values(read_outputs(scores), [[-2.0], [3.0]]) == [[0, 1], [2, 3]]


def test_answers_of_an_adder_are_the_sum_and_its_least_sure_bit():
    reader = read_outputs(sign(Task.BINARY_ADDITION, (3, 1)))
    assert values(reader, [[[0.75], [0.125], [1.0]]]) == [[5], [0.75]]
    assert np.isnan(reader.read(np.array([[[np.nan], [0.5], [0.5]]]))[0]).all()


@pytest.mark.parametrize(
    ("task", "shape", "expected"),
    [
        (Task.REGRESSION, (1,), ["prediction"]),
        (Task.REGRESSION, (2,), ["prediction 0", "prediction 1"]),
        (Task.REGRESSION, (40,), STATISTICS),
        (Task.SEQUENCE, (5, 1), STATISTICS),
        (Task.CLASSIFICATION, (5, 3), STATISTICS),
    ],
)
def test_numbers_are_read_one_by_one_or_by_their_mean(task, shape, expected):
    assert names(read_outputs(sign(task, shape))) == expected
