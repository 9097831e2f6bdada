"""MNIST for benchmarks that run without a service."""

from pathlib import Path

import pytest

from benchmarks.cases import choose_cases
from benchmarks.datasets import find_mnist, provide_mnist
from core.uploads.folder import DatasetFolder

DATA = Path(__file__).parents[1] / "data"
CASES = choose_cases(["mnist-cnn", "iris-keras"])


def test_cases_on_mnist_name_the_upload_that_was_ingested(tmp_path):
    iris, digits = provide_mnist(CASES, DATA, tmp_path)

    assert iris == CASES[0]
    stored = DatasetFolder.of(tmp_path, digits.spec.dataset.sha256)
    assert [array.shape for array in stored.read_description().description.arrays if "images" in array.name] == [
        (1000, 28, 28),
        (5000, 28, 28),
    ]
    unpinned = digits.spec.dataset.model_copy(update={"sha256": None})
    assert digits.spec.model_copy(update={"dataset": unpinned}) == CASES[1].spec


def test_the_files_are_found_in_the_folder_or_in_one_named_mnist(tmp_path):
    assert find_mnist(DATA) == find_mnist(DATA / "mnist") == DATA / "mnist"
    assert find_mnist(tmp_path) is find_mnist(tmp_path / "none") is None


def test_cases_on_mnist_without_its_files_end_with_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match=r"does not contain MNIST's files\. Give --data DIR, or other --cases"):
        provide_mnist(CASES, tmp_path, tmp_path)
    assert provide_mnist(CASES[:1], tmp_path, tmp_path) == CASES[:1]
