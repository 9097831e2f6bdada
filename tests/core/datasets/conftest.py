"""Datasets of specs."""

import pytest

from core.experiment import parse_spec


@pytest.fixture
def dataset(line, problems):
    """Return the problems of a dataset, by pointer within it."""

    def find(value):
        found = problems(line({}) | {"dataset": value})
        return {pointer.removeprefix("/dataset"): problem.detail for pointer, problem in found.items()}

    return find


@pytest.fixture
def read(line):
    return lambda value: parse_spec(line({}) | {"dataset": value}).dataset


@pytest.fixture
def shape(read, describe_mnist):
    """The shape of a built-in dataset, or of the published MNIST."""
    return lambda value: read(value).shape(describe_mnist() if value["name"] == "mnist" else None)
