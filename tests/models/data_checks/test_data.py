import numpy as np
import pytest
from pydantic import TypeAdapter

from core.catalogue.presets import list_presets
from core.datasets.base import UploadedDataset
from core.datasets.dataset import Dataset
from models.arrays.storage import Storage
from models.data_checks.data import check_data
from models.datasets.loading import load_data, read_description

pytest_plugins = ["tests.models.uploads"]

RANDOM = np.random.default_rng(7)

BUILT_IN = [preset for preset in list_presets() if not isinstance(preset.spec.dataset, UploadedDataset)]


def check(fields, datasets_dir=None, seed=0):
    """Codes and places of the warnings that a load and the checks give."""
    dataset = TypeAdapter(Dataset).validate_python(fields)
    shape = dataset.shape(read_description(dataset, datasets_dir))
    loaded = load_data(dataset, shape, datasets_dir, seed, Storage())
    found = (*loaded.shape.warnings[len(shape.warnings) :], *check_data(dataset, loaded.shape, loaded.samples))
    return [(notice.code, notice.pointer) for notice in found]


@pytest.mark.parametrize("preset", BUILT_IN, ids=lambda preset: preset.name)
def test_the_data_of_a_preset_has_no_warning(preset, tmp_path):
    assert check(preset.spec.model_dump(mode="json")["dataset"], tmp_path, preset.spec.seed) == []


def test_mnist_has_no_warning(mnist):
    datasets_dir, fields = mnist
    assert check({**fields, "split": {"validation": 0.1}}, datasets_dir) == []


def test_a_class_in_the_test_rows_alone_is_told(upload_table, tmp_path):
    # As in a report to Keras: with this seed, class c lies only in the test rows.
    labels = ["common"] * 28 + ["b", "c"]
    fields = upload_table({"x": ("integer", list(range(30))), "label": ("text", labels)})
    found = check(fields | {"target": "label"}, tmp_path, seed=2)
    assert ("class_not_trained", "/dataset/split") in found


def test_a_column_of_a_table_that_tells_the_target_or_says_nothing_in_training_is_told(upload_table, tmp_path):
    labels = ["a", "b"] * 30
    columns = {
        "x": ("number", RANDOM.normal(size=60).tolist()),
        "code": ("text", ["yes" if label == "b" else "no" for label in labels]),
        "late": ("integer", [3] * 40 + [4] * 20),
        "label": ("text", labels),
    }
    fields = upload_table(columns, ["train"] * 40 + ["test"] * 20)
    assert check(fields | {"target": "label", "split": {}}, tmp_path) == [
        ("constant_column", "/dataset/columns/late"),
        ("leakage", "/dataset/columns/code"),
    ]


def test_rows_of_a_table_that_are_in_both_splits_are_told(upload_table, tmp_path):
    train = RANDOM.normal(size=(80, 2)).round(6).tolist()
    rows = [*train, *train[:20]]
    columns = {
        "x": ("number", [row[0] for row in rows]),
        "z": ("number", [row[1] for row in rows]),
        "y": ("number", [row[0] * row[1] for row in rows]),
    }
    fields = upload_table(columns, ["train"] * 80 + ["test"] * 20)
    assert check(fields | {"target": "y", "split": {}}, tmp_path) == [("same_rows_in_splits", "/dataset/split/test")]


def test_columns_of_arrays_and_of_rows_in_the_spec_are_checked_too(upload_arrays, tmp_path):
    targets = RANDOM.normal(size=60)
    inputs = np.stack([RANDOM.normal(size=60), 2 * targets + 1], axis=1)
    fields = upload_arrays(x=inputs, y=targets)
    assert check(fields, tmp_path) == [("leakage", "/dataset/inputs")]
    inline = {"name": "inline", "inputs": inputs.tolist(), "targets": targets.tolist()}
    assert check(inline) == [("leakage", "/dataset/inputs")]
    assert check(inline | {"columns": ["one", "two"]}) == [("leakage", "/dataset/columns")]


def test_an_image_in_both_splits_is_told(upload_images, image_file, tmp_path):
    images = []
    for number, pixels in enumerate(RANDOM.integers(0, 256, (30, 6, 6, 3))):
        images.append(("train", "cat" if number % 2 else "dog", image_file(pixels), (6, 6)))
    images += [("test", label, content, size) for _, label, content, size in images[:10]]
    sha256 = upload_images(tmp_path, images)
    fields = {"name": "images", "dataset": "pets", "version": 1, "sha256": sha256, "split": {}}
    assert check(fields, tmp_path) == [("same_rows_in_splits", "/dataset/split/test")]


def test_rows_whose_target_cannot_be_learned_are_told_besides_those_without_one(upload_table, tmp_path):
    prices = [float(number % 7) for number in range(20)] + [1e300, None]
    columns = {"x": ("number", RANDOM.normal(size=22).tolist()), "price": ("number", prices)}
    fields = upload_table(columns) | {"target": "price", "task": "regression", "split": {}}
    dataset = TypeAdapter(Dataset).validate_python(fields)
    loaded = load_data(dataset, dataset.shape(read_description(dataset, tmp_path)), tmp_path, 0, Storage())
    notice = loaded.shape.warnings[-1]
    assert (notice.code, notice.pointer) == ("rows_dropped", "/dataset/target")
    assert notice.detail.startswith("1 rows whose value of 'price' is beyond the range of 32-bit floats")


def test_windows_that_reach_over_the_border_of_a_split_are_counted(upload_table, tmp_path):
    columns = {
        "load": ("number", RANDOM.normal(size=12).tolist()),
        "part": ("text", ["train"] * 4 + ["test"] * 2 + ["train"] * 6),
    }
    fields = upload_table(columns) | {"name": "series", "target": "load", "window": 2, "split": {"column": "part"}}
    dataset = TypeAdapter(Dataset).validate_python(fields)
    loaded = load_data(dataset, dataset.shape(read_description(dataset, tmp_path)), tmp_path, 0, Storage())
    notice = loaded.shape.warnings[-1]
    # Rows 0-3 train, 4-5 test, 6-11 train. Windows of 3 rows with the target: those from 4 and 5 end in training rows
    # but hold test rows.
    assert (notice.code, notice.pointer) == ("windows_dropped", "/dataset/split")
    assert notice.detail.startswith("2 of 10 windows are left out")
