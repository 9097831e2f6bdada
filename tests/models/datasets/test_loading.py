from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from core.signatures.signature import InputKind
from models.arrays.storage import Storage
from models.datasets.loading import load_data

MNIST = Path(__file__).parents[2] / "data"
DATASETS = TypeAdapter(Dataset)
QUARTERS = {"validation": 0.25, "test": 0.1}


def load_all(definition, seed=1):
    dataset = DATASETS.validate_python(definition)
    return load_data(dataset, dataset.shape(), MNIST, seed, Storage())


def load(definition, seed=1):
    return load_all(definition, seed).samples


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "iris", "split": QUARTERS | {"stratify": True}},
        {"name": "digits", "split": QUARTERS},
        {"name": "mnist", "max_train_samples": 300, "max_test_samples": 50, "split": {"validation": 30}},
        {"name": "binary_addition", "num_bits": 5, "num_train": 40, "num_test": 7, "split": {"validation": 4}},
        {"name": "binary_addition", "num_bits": 5, "num_train": 40, "num_test": 0, "split": {"test": 4}},
        {"name": "function", "function": {"type": "polynomial", "coefficients": [1, 2]}, "split": QUARTERS},
        {"name": "function", "function": {"type": "linear", "weights": [1, 2, 3]}, "num_samples": 11},
        {"name": "time_series", "num_points": 50, "window": 7, "horizon": 3, "split": QUARTERS},
        {"name": "time_series", "num_points": 50, "window": 7, "targets": "every_step"},
        {"name": "truth_table", "operation": "xor"},
        {"name": "truth_table", "operation": "or", "repeats": 25},
        {"name": "inline", "inputs": [[1, 2], [3, 4], [5, 6], [7, 8]], "targets": [1, 2, 3, 4], "split": QUARTERS},
        {"name": "inline", "inputs": [list(range(12))] * 3, "input_shape": [2, 3, 2], "targets": [1, 2, 3]},
        {"name": "inline", "inputs": [[1], [2]], "targets": [0, 1], "class_labels": ["no", "yes"]},
    ],
    ids=lambda definition: definition["name"],
)
def test_arrays_are_what_the_dataset_shape_promises(definition):
    shape = DATASETS.validate_python(definition).shape()

    parts = load(definition)

    for part, count in (
        (parts.train, shape.num_train),
        (parts.validation, shape.num_validation),
        (parts.test, shape.num_test),
    ):
        assert part.inputs.shape == (count, *shape.input_shape)
        assert part.inputs.dtype == (np.uint8 if shape.input_kind is InputKind.IMAGE else np.float32)
        assert part.targets.shape == (count, *shape.target_shape)
        assert np.isfinite(part.inputs).all()


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "iris", "split": {"validation": 0.2}},
        {"name": "binary_addition"},
        {"name": "function", "function": {"type": "sine"}, "noise": 0.1},
        {"name": "time_series", "noise": 0.1},
    ],
    ids=lambda definition: definition["name"],
)
def test_samples_repeat_with_the_seed_and_change_with_it(definition):
    first, again, other = load(definition), load(definition), load(definition, seed=2)

    np.testing.assert_array_equal(first.train.inputs, again.train.inputs)
    np.testing.assert_array_equal(first.train.targets, again.train.targets)
    assert not np.array_equal(first.train.inputs, other.train.inputs)


def test_irises_come_in_centimetres_with_their_species():
    parts = load({"name": "iris"})

    assert parts.train.inputs[0].tolist() == pytest.approx([5.1, 3.5, 1.4, 0.2])
    assert np.bincount(parts.train.targets).tolist() == [50, 50, 50]


def test_interleaved_irises_come_one_of_each_species_in_turn():
    parts = load({"name": "iris", "order": "interleaved", "split": {"test": 100, "shuffle": False}})

    assert parts.train.targets[:6].tolist() == [0, 1, 2, 0, 1, 2]
    # The first fifty: 17 of two species and 16 of the last; 33, 33 and 34 are left for test.
    assert np.bincount(parts.train.targets).tolist() == [17, 17, 16]
    assert np.bincount(parts.test.targets).tolist() == [33, 33, 34]


def test_digits_come_with_pixels_from_0_to_16():
    parts = load({"name": "digits"})

    assert (parts.train.inputs.min(), parts.train.inputs.max()) == (0, 16)


@pytest.mark.parametrize(
    ("definition", "greatest"),
    [({"name": "mnist", "max_train_samples": 9, "max_test_samples": 1}, 255), ({"name": "digits"}, 16)],
)
def test_pixels_are_rescaled_to_between_0_and_1_unless_the_spec_says_otherwise(definition, greatest):
    pixels = np.array([[[0, greatest / 2], [greatest, greatest]]], np.float32)

    rescaled, as_they_are = (load_all(definition | {"rescale": choice}).preparation for choice in (True, False))

    assert rescaled.apply(pixels).tolist() == [[[0, 0.5], [1, 1]]]
    assert as_they_are.apply(pixels).tolist() == pixels.tolist()


def test_scaling_is_learned_from_the_training_samples_alone():
    rows = {"name": "inline", "inputs": [[1], [3], [99]], "targets": [1, 2, 3], "scaling": "min_max"}

    loaded = load_all(rows | {"split": {"test": 1, "shuffle": False}})

    assert (loaded.preparation.offset, loaded.preparation.spread) == ((1,), (2,))


@pytest.mark.parametrize(
    ("operation", "answers"),
    [
        ("or", [0, 1, 1, 1]),
        ("and", [0, 0, 0, 1]),
        ("xor", [0, 1, 1, 0]),
        ("nand", [1, 1, 1, 0]),
        ("nor", [1, 0, 0, 0]),
    ],
)
def test_truth_tables_answer_as_logic_does(operation, answers):
    parts = load({"name": "truth_table", "operation": operation})

    assert parts.train.inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert parts.train.targets.tolist() == answers


def test_the_rows_of_a_truth_table_repeat_as_a_whole():
    parts = load({"name": "truth_table", "operation": "and", "repeats": 2})

    assert parts.train.inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] * 2
    assert parts.train.targets.tolist() == [0, 0, 0, 1] * 2


def test_inline_rows_stand_as_they_were_written():
    parts = load({"name": "inline", "inputs": [[1.5, 2], [3, 4]], "targets": [[1, 0.5], [2, 0.25]]})

    assert parts.train.inputs.tolist() == [[1.5, 2], [3, 4]]
    assert parts.train.targets.tolist() == [[1, 0.5], [2, 0.25]]
