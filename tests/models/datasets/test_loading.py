from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import BUILT_IN_SOURCES, SOURCES, UPLOADED_SOURCES, Dataset
from core.datasets.iris import IrisDataset
from core.signatures.signature import InputKind
from models.arrays.storage import Storage
from models.datasets.base import find_upload
from models.datasets.loading import LOADERS, load_data, read_description

pytest_plugins = ["tests.models.uploads"]

NOWHERE = Path("nowhere")
DATASETS = TypeAdapter(Dataset)
QUARTERS = {"validation": 0.25, "test": 0.1}


def load_all(definition, seed=1):
    dataset = DATASETS.validate_python(definition)
    return load_data(dataset, dataset.shape(), NOWHERE, seed, Storage())


def load(definition, seed=1):
    return load_all(definition, seed).samples


EXAMPLES = [
    {"name": "iris", "split": QUARTERS | {"stratify": True}},
    {"name": "digits", "split": QUARTERS},
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
]


@pytest.mark.parametrize("definition", EXAMPLES, ids=lambda definition: definition["name"])
def test_arrays_are_what_the_dataset_shape_promises(definition):
    shape = DATASETS.validate_python(definition).shape()

    parts = load(definition)

    check_arrays(parts, shape)
    assert parts.train.inputs.dtype == (np.uint8 if shape.input_kind is InputKind.IMAGE else np.float32)


def check_arrays(parts, shape):
    for part, count in (
        (parts.train, shape.num_train),
        (parts.validation, shape.num_validation),
        (parts.test, shape.num_test),
    ):
        assert part.inputs.shape == (count, *shape.input_shape)
        assert part.inputs.dtype == parts.train.inputs.dtype
        assert part.targets.shape == (count, *shape.target_shape)
        assert np.isfinite(part.inputs).all()


@pytest.fixture
def upload(tmp_path, upload_table, upload_arrays, upload_images, image_file):
    """Return the dataset part of a spec for an upload, by the name of its source."""
    table = upload_table({"x": ("number", [n / 10 for n in range(40)]), "y": ("number", [float(n) for n in range(40)])})
    pictures = [("train", label, image_file(np.full((2, 3), n)), (2, 3)) for n, label in enumerate(["a", "b", "a"])]
    digits = {part: np.zeros((9, 28, 28), np.uint8) for part in ("x_train", "x_test")}
    return {
        "mnist": upload_arrays(**digits, y_train=np.arange(9), y_test=np.arange(9)) | {"name": "mnist"},
        "table": table | {"target": "y"},
        "series": table | {"name": "series", "target": "y", "window": 3},
        "arrays": upload_arrays(x=np.ones((9, 4), np.float32), y=np.linspace(0, 1, 9, dtype=np.float32)),
        "images": {"name": "images", "dataset": "mine", "sha256": upload_images(tmp_path, pictures)},
    }


@pytest.mark.parametrize("source", UPLOADED_SOURCES, ids=lambda source: source.__name__)
def test_arrays_of_uploads_are_what_the_dataset_shape_promises(source, upload, tmp_path):
    name = source.source_name()
    assert name in upload, f"No upload to load by {source.__name__}: add one to the fixture above"
    dataset = DATASETS.validate_python(upload[name])
    shape = dataset.shape(read_description(dataset, tmp_path))

    check_arrays(load_data(dataset, shape, tmp_path, 1, Storage()).samples, shape)


def test_a_dataset_is_read_from_the_folder_of_its_reading(tmp_path):
    dataset = {"name": "table", "dataset": "mine", "target": "y", "version": 2, "sha256": "ab" * 32}
    plain = find_upload(DATASETS.validate_python(dataset), tmp_path).path
    other = find_upload(DATASETS.validate_python(dataset | {"reading": "0" * 16}), tmp_path).path
    assert plain == tmp_path / "uploads" / "ab" / ("ab" * 32)
    assert other == tmp_path / "uploads" / "readings" / "ab" / f"{'ab' * 32}-{'0' * 16}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_every_source_is_loaded_by_the_module_of_its_name(source):
    assert source in LOADERS, f"{source.__name__} is not in LOADERS of models/datasets/loading.py"
    assert LOADERS[source].__module__ == f"models.datasets.{source.source_name()}"


@pytest.mark.parametrize("source", BUILT_IN_SOURCES, ids=lambda source: source.__name__)
def test_every_built_in_source_has_an_example_here(source):
    names = {definition["name"] for definition in EXAMPLES}
    assert source.source_name() in names, f"No example to load by {source.__name__}: add one to EXAMPLES"


def test_a_source_without_a_loader_is_reported_by_name(monkeypatch):
    monkeypatch.delitem(LOADERS, IrisDataset)

    with pytest.raises(NotImplementedError, match=r"loads IrisDataset.*models/datasets/iris\.py.*LOADERS"):
        load({"name": "iris"})


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


def test_irises_are_in_centimetres_with_their_species():
    parts = load({"name": "iris"})

    assert parts.train.inputs[0].tolist() == pytest.approx([5.1, 3.5, 1.4, 0.2])
    assert np.bincount(parts.train.targets).tolist() == [50, 50, 50]


def test_interleaved_irises_alternate_between_the_species():
    parts = load({"name": "iris", "order": "interleaved", "split": {"test": 100, "shuffle": False}})

    assert parts.train.targets[:6].tolist() == [0, 1, 2, 0, 1, 2]
    # The first fifty: 17 of two species and 16 of the last; 33, 33 and 34 are left for test.
    assert np.bincount(parts.train.targets).tolist() == [17, 17, 16]
    assert np.bincount(parts.test.targets).tolist() == [33, 33, 34]


def test_digits_have_pixels_from_0_to_16():
    parts = load({"name": "digits"})

    assert (parts.train.inputs.min(), parts.train.inputs.max()) == (0, 16)


def test_pixels_are_rescaled_to_between_0_and_1_unless_the_spec_says_otherwise():
    pixels = np.array([[[0, 8], [16, 16]]], np.float32)

    rescaled, as_they_are = (load_all({"name": "digits", "rescale": choice}).preparation for choice in (True, False))

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


def test_inline_rows_are_loaded_unchanged():
    parts = load({"name": "inline", "inputs": [[1.5, 2], [3, 4]], "targets": [[1, 0.5], [2, 0.25]]})

    assert parts.train.inputs.tolist() == [[1.5, 2], [3, 4]]
    assert parts.train.targets.tolist() == [[1, 0.5], [2, 0.25]]
