"""Every layer type is complete in core: listed, with a rule for its size, and serialized as it was parsed."""

import importlib
import inspect
import json
import pkgutil
from pathlib import Path
from typing import get_args

import pytest

import core.networks
from core.experiment import parse_spec
from core.networks.blocks import list_stacks
from core.networks.layer import BaseLayer
from core.networks.layers import CnnLayer, MlpLayer, RnnLayer
from core.networks.network import tabulate_layers
from core.networks.pooling import GLOBAL_KERAS_CLASSES, PoolingKind
from core.networks.pooling import KERAS_CLASSES as POOLING_KERAS_CLASSES
from core.networks.recurrent import GATES, Cell
from core.networks.recurrent import KERAS_CLASSES as RECURRENT_KERAS_CLASSES


def listed():
    """Return the classes in the lists of core/networks/layers.py."""
    classes = [one for layers in (MlpLayer, CnnLayer, RnnLayer) for one in get_args(get_args(layers)[0])]
    return list(dict.fromkeys(classes))


def defined():
    """Return all classes of layer specs in the modules of core/networks."""
    for module in pkgutil.walk_packages(core.networks.__path__, "core.networks."):
        importlib.import_module(module.name)
    found, more = [], [BaseLayer]
    while more:
        subclasses = more.pop().__subclasses__()
        found += [one for one in subclasses if "type" in one.model_fields]
        more += subclasses
    return list(dict.fromkeys(found))


def type_of(layer_class):
    return get_args(layer_class.model_fields["type"].annotation)[0]


SPECS_PAGE = Path(__file__).parents[3] / "docs" / "specs.md"
CONVOLUTION = {"type": "conv2d", "filters": 3, "kernel_size": 1}
# One of each type, in a network and with inputs that suit it.
EXAMPLES = {
    "dense": ("mlp", (4,), {"type": "dense", "units": 3}),
    "dropout": ("mlp", (4,), {"type": "dropout", "rate": 0.5}),
    "conv2d": ("cnn", (6, 6), CONVOLUTION | {"padding": [1, 2]}),
    "pooling2d": ("cnn", (6, 6), {"type": "pooling2d", "kind": "average"}),
    "global_pooling2d": ("cnn", (6, 6), {"type": "global_pooling2d", "kind": "max"}),
    "flatten": ("cnn", (6, 6), {"type": "flatten"}),
    "recurrent": ("rnn", (5, 2), {"type": "recurrent", "cell": "gru", "units": 3}),
    "parallel": ("cnn", (6, 6), {"type": "parallel", "branches": [[CONVOLUTION], [CONVOLUTION, CONVOLUTION]]}),
    "residual": ("cnn", (6, 6), {"type": "residual", "layers": [CONVOLUTION], "shortcut": [CONVOLUTION]}),
}
every_layer = pytest.mark.parametrize("layer_class", defined(), ids=lambda layer_class: layer_class.__name__)


@pytest.fixture
def example(network):
    """Return the example of a layer class: a network with this layer alone, its inputs and its JSON."""

    def find(layer_class):
        name = type_of(layer_class)
        assert name in EXAMPLES, f"{layer_class.__name__} has no example: add one of type {name!r} to EXAMPLES"
        kind, input_shape, value = EXAMPLES[name]
        return network(kind, value), input_shape, value

    return find


@every_layer
def test_every_layer_class_is_listed(layer_class):
    assert layer_class in listed(), f"{layer_class.__name__} is in no list of core/networks/layers.py"


@every_layer
def test_every_layer_has_a_rule_for_its_size(layer_class, example):
    assert not inspect.isabstract(layer_class), f"{layer_class.__name__} has no method tabulate"
    model, input_shape, _ = example(layer_class)
    (layer,) = model.layers
    assert type(layer) is layer_class
    own_rows = tabulate_layers(model, input_shape)[1 if model.kind == "cnn" else 0 :]
    assert own_rows, f"{layer_class.__name__}.tabulate adds no row"


@every_layer
def test_every_layer_is_written_down_as_it_was_read(layer_class, example):
    model, _, _ = example(layer_class)
    (layer,) = model.layers
    copied = json.loads(json.dumps({"kind": model.kind, "layers": [layer.write_down()]}))
    value = {
        "name": "copy",
        "dataset": {"name": "iris"},
        "model": copied,
        "training": {"loss": "mean_squared_error"},
    }
    assert parse_spec(value).model == model


@every_layer
def test_every_layer_within_a_block_counts_towards_the_limits(layer_class, example):
    model, _, value = example(layer_class)
    (layer,) = model.layers
    held = [inner for inner in walk(dict(layer)) if isinstance(inner, BaseLayer)]
    written = [inner for inner in walk(value) if isinstance(inner, dict) and inner is not value and "type" in inner]
    name = layer_class.__name__
    missing = f"core.networks.blocks.list_stacks does not list all layers that a {name} holds"
    assert [one for stack in list_stacks(layer) for one in stack] == held, missing
    assert [one for stack in list_stacks(value) for one in stack] == written, missing


@every_layer
def test_every_layer_type_is_in_the_documentation(layer_class):
    assert f"`{type_of(layer_class)}`" in SPECS_PAGE.read_text(), f"docs/specs.md does not name {layer_class.__name__}"


def walk(value):
    """Yield each value in lists and objects, except those within layers."""
    yield value
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)


def test_no_two_layer_classes_share_a_type():
    types = [type_of(layer_class) for layer_class in defined()]
    assert sorted(types) == sorted(set(types))


@pytest.mark.parametrize("table", [GATES, RECURRENT_KERAS_CLASSES])
def test_every_cell_is_in_every_table_of_cells(table):
    assert set(table) == set(get_args(Cell))


@pytest.mark.parametrize("table", [POOLING_KERAS_CLASSES, GLOBAL_KERAS_CLASSES])
def test_every_kind_of_pooling_is_in_every_table_of_poolings(table):
    assert set(table) == set(get_args(PoolingKind))
