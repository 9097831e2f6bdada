"""Small specs, and the problems of invalid ones."""

from collections.abc import Callable
from typing import Any

import pytest

from core.checks.cost import SpecReport, check_spec
from core.datasets.mnist import MnistDataset
from core.errors import InvalidSpec, Problem
from core.experiment import parse_spec
from core.networks.network import tabulate_layers
from core.settings import Settings
from core.specs.merging import apply_overrides
from core.uploads.description import ArrayDescription, ArraysDescription, ValueCount

IRIS = {
    "name": "flowers",
    "dataset": {"name": "iris"},
    "model": {"kind": "mlp", "layers": [{"units": 3, "activation": "softmax"}]},
    "training": {"loss": "sparse_categorical_crossentropy"},
}
LINE = {
    "name": "line",
    "dataset": {"name": "function", "function": {"type": "polynomial", "coefficients": [2, 3]}},
    "model": {"kind": "mlp", "layers": [{"units": 1}]},
    "training": {"loss": "mean_squared_error"},
}


@pytest.fixture
def iris() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A classification of 150 samples of 4 numbers, with changes as a merge patch."""
    return lambda patch: apply_overrides(IRIS, patch)


@pytest.fixture
def line() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A regression on 100 samples of one number, with changes as a merge patch."""
    return lambda patch: apply_overrides(LINE, patch)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def problems() -> Callable[[Any], dict[str, Problem]]:
    """Return the problems of a spec by pointer; a valid spec fails the test."""

    def find(value: Any) -> dict[str, Problem]:
        with pytest.raises(InvalidSpec) as caught:
            parse_spec(value)
        found = {problem.pointer: problem for problem in caught.value.problems}
        assert len(found) == len(caught.value.problems)
        return found

    return find


@pytest.fixture
def describe_mnist() -> Callable[..., ArraysDescription]:
    """Description of an upload of MNIST, by default of the published one."""

    def describe(num_train: int = 60_000, num_test: int = 10_000) -> ArraysDescription:
        arrays = []
        for part, count in (("t10k", num_test), ("train", num_train)):
            values = tuple(ValueCount(value=str(digit), count=count // 10) for digit in range(10))
            arrays.append(ArrayDescription(name=f"{part}-images-idx3-ubyte", shape=(count, 28, 28), dtype="uint8"))
            arrays.append(
                ArrayDescription(name=f"{part}-labels-idx1-ubyte", shape=(count,), dtype="uint8", values=values)
            )
        return ArraysDescription(arrays=tuple(arrays))

    return describe


@pytest.fixture
def check(settings, describe_mnist) -> Callable[[Any], SpecReport]:
    """Parse a spec and work it out under the default limits, with MNIST uploaded."""

    def work_out(value: Any) -> SpecReport:
        spec = parse_spec(value)
        return check_spec(spec, settings, describe_mnist() if isinstance(spec.dataset, MnistDataset) else None)

    return work_out


@pytest.fixture
def network(iris):
    return lambda kind, *layers: parse_spec(iris({}) | {"model": {"kind": kind, "layers": list(layers)}}).model


@pytest.fixture
def table(network):
    def work_out(kind, input_shape, *layers):
        rows = tabulate_layers(network(kind, *layers), input_shape)
        return [(row.name, row.output_shape, row.num_parameters, row.flops) for row in rows]

    return work_out


@pytest.fixture
def misfit(network):
    """Return the problems of a network with their pointers."""

    def find(kind, input_shape, *layers):
        with pytest.raises(InvalidSpec) as caught:
            tabulate_layers(network(kind, *layers), input_shape)
        (problem,) = caught.value.problems
        assert problem.code == "shape_mismatch"
        assert problem.detail == caught.value.detail
        return problem.pointer, problem.detail

    return find
