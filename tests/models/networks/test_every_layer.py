"""Every layer, activation and network of the spec is built, sized and exported."""

from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.artifacts import hash_file
from core.datasets.shape import DatasetShape, EmbeddingTable
from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer, FlattenLayer
from core.networks.layer import Activation, BaseLayer, DropoutLayer
from core.networks.layers import CnnLayer, MlpLayer, RnnLayer
from core.networks.network import CnnFamilyNetwork, Network, tabulate_layers
from core.networks.pooling import GlobalPooling2DLayer, Pooling2DLayer, PoolingKind
from core.networks.recurrent import Cell, RecurrentLayer
from core.networks.saved_layers import read_saved_shapes
from core.signatures.signature import InputKind, Task
from core.specs.initial_weights import WeightsOfRun
from models.export.export import run_onnx
from models.export.onnx import write_onnx
from models.export.steps import list_steps
from models.networks.chain import Chain
from models.networks.layer import ACTIVATIONS
from models.networks.layers import BUILDERS, TRAINING_ONLY, WRITERS, write_layer
from models.networks.network import build_network, find_input_builder
from models.networks.pooling import GLOBAL_POOLINGS, POOLINGS
from models.networks.recurrent import CELLS, JOINS
from models.networks.saved_weights import transfer_weights
from models.networks.weights import named_weights
from models.onnx_graph import Graph, Value
from models.preparation.preparation import Preparation
from models.runtime import keras

NETWORKS = TypeAdapter(Network)
NORMALIZED = {"batch_normalization": "before_activation", "dropout": 0.5, "activation": "relu"}
CONVOLUTION = {"type": "conv2d", "filters": 3, "kernel_size": 2, "padding": "same"}
RECURRENT = {"type": "recurrent", "units": 3, "return_sequences": True}
# Each type with every Keras class that it can be built as.
EXAMPLES = {
    DenseLayer: [("cnn", (4, 5), {"type": "dense", "units": 3, **NORMALIZED})],
    DropoutLayer: [("mlp", (4,), {"type": "dropout", "rate": 0.5})],
    Conv2DLayer: [("cnn", (6, 7), CONVOLUTION | {"padding": [1, 2], "pooling": {"kind": "average"}, **NORMALIZED})],
    Pooling2DLayer: [("cnn", (6, 7), {"type": "pooling2d", "kind": kind}) for kind in get_args(PoolingKind)],
    GlobalPooling2DLayer: [
        ("cnn", (6, 7), {"type": "global_pooling2d", "kind": kind}) for kind in get_args(PoolingKind)
    ],
    FlattenLayer: [("cnn", (4, 5, 2), {"type": "flatten"})],
    RecurrentLayer: [
        ("rnn", (5, 2), RECURRENT | {"cell": cell, "bidirectional": bidirectional})
        for cell in get_args(Cell)
        for bidirectional in (False, True)
    ],
    ParallelBlock: [("cnn", (6, 7), {"type": "parallel", "branches": [[CONVOLUTION], []]})],
    ResidualBlock: [("cnn", (6, 7, 3), {"type": "residual", "layers": [CONVOLUTION]})],
}


def members(union):
    return get_args(get_args(getattr(union, "__value__", union))[0])


LAYERS = list(dict.fromkeys(one for union in (MlpLayer, CnnLayer, RnnLayer) for one in members(union)))
every_layer = pytest.mark.parametrize("layer_class", LAYERS, ids=lambda layer_class: layer_class.__name__)


def shape_of_inputs(input_shape, embeddings=()):
    return DatasetShape(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input_shape=input_shape,
        network_input_shape=input_shape,
        target_shape=(1,),
        num_train=1,
        num_validation=0,
        num_test=0,
        embeddings=embeddings,
    )


def examples_of(layer_class):
    """Yield networks with one layer of this class, and the shape of their inputs."""
    assert layer_class in EXAMPLES, f"{layer_class.__name__} has no example: add one to EXAMPLES"
    for kind, input_shape, layer in EXAMPLES[layer_class]:
        spec = NETWORKS.validate_python({"kind": kind, "layers": [layer]})
        assert type(spec.layers[0]) is layer_class
        yield spec, input_shape


def build(spec, input_shape, embeddings=()):
    """Build a network without weights of 0 or 1."""
    network = build_network(spec, shape_of_inputs(input_shape, embeddings), seed=1)
    random = np.random.default_rng(2)
    for weight in network.weights:
        weight.assign(random.uniform(0.2, 0.8, weight.shape))
    return network


def assert_onnx_answers_alike(network, rows, folder):
    path = folder / "model.onnx"
    write_onnx(path, rows.shape[1:], Preparation(), list_steps(network, without=TRAINING_ONLY))
    expected = np.asarray(network(rows, training=False))
    np.testing.assert_allclose(run_onnx(path, rows), expected, rtol=2e-4, atol=1e-5)


@every_layer
def test_every_layer_has_a_builder(layer_class):
    assert layer_class in BUILDERS, f"{layer_class.__name__} has no builder in models/networks/layers.py"


@every_layer
def test_every_layer_is_built_as_its_table_says(layer_class):
    for spec, input_shape in examples_of(layer_class):
        network = build(spec, input_shape)
        rows = {row.name: row for row in tabulate_layers(spec, input_shape)}
        built = {layer.name: layer for layer in network.layers[1:]}
        assert set(built) == set(rows)
        for name, layer in built.items():
            assert type(layer).__name__ == rows[name].type
            assert tuple(layer.output.shape[1:]) == rows[name].output_shape
            shapes = {weight: tuple(array.shape) for weight, array in named_weights(layer).items()}
            assert shapes == rows[name].weights


@every_layer
def test_every_layer_answers_alike_in_onnx(layer_class, tmp_path):
    for spec, input_shape in examples_of(layer_class):
        network = build(spec, input_shape)
        for layer in network.layers[1:]:
            known = type(layer) in WRITERS or isinstance(layer, TRAINING_ONLY)
            name = type(layer).__name__
            assert known, f"{name}, of {layer_class.__name__}, is not in WRITERS in models/networks/layers.py"
        rows = np.random.default_rng(3).standard_normal((4, *input_shape)).astype(np.float32)
        assert_onnx_answers_alike(network, rows, tmp_path)


def assert_starts_from_the_saved_weights(network, other, rows, folder):
    """`other` gets the weights of `network` from its file, bit for bit."""
    path = folder / "model.keras"
    network.save(path)
    assert read_saved_shapes(path) == {row.name: row.weights for row in rows if row.weights}
    source = WeightsOfRun(run="0192f4a0-7c1e-7d3b-9a55-0242ac120002", sha256=hash_file(path))
    transfer_weights(other, rows, source, path)
    for row in rows:
        expected, found = (named_weights(one.get_layer(row.name)) for one in (network, other))
        for name in row.weights:
            np.testing.assert_array_equal(found[name].numpy(), expected[name].numpy(), err_msg=f"{row.name}/{name}")


@every_layer
def test_every_layer_starts_from_saved_weights(layer_class, tmp_path):
    for spec, input_shape in examples_of(layer_class):
        rows = tabulate_layers(spec, input_shape)
        if any(row.weights for row in rows):
            other = build_network(spec, shape_of_inputs(input_shape), seed=3)
            assert_starts_from_the_saved_weights(build(spec, input_shape), other, rows, tmp_path)


@pytest.mark.parametrize(("kind", "input_shape"), [("mlp", (3,)), ("rnn", (2, 3))])
def test_embeddings_are_built_sized_and_exported(kind, input_shape, tmp_path):
    layer = {"type": "recurrent", "cell": "gru", "units": 2} if kind == "rnn" else {"units": 2}
    spec = NETWORKS.validate_python({"kind": kind, "layers": [layer]})
    embeddings = (EmbeddingTable(num_columns=1, num_rows=4, dim=3), EmbeddingTable(num_columns=1, num_rows=2, dim=2))

    network = build(spec, input_shape, embeddings)

    rows = {(row.name, row.output_shape) for row in tabulate_layers(spec, input_shape, embeddings)}
    assert {(layer.name, tuple(layer.output.shape[1:])) for layer in network.layers[1:]} == rows
    samples = np.broadcast_to(np.array([0.5, 3, 1], np.float32), (4, *input_shape))
    assert_onnx_answers_alike(network, np.ascontiguousarray(samples), tmp_path)
    other = build_network(spec, shape_of_inputs(input_shape, embeddings), seed=3)
    table = tabulate_layers(spec, input_shape, embeddings)
    assert_starts_from_the_saved_weights(network, other, table, tmp_path)


def test_a_layer_without_a_builder_is_an_error_that_names_it():
    class UnknownLayer(BaseLayer):
        def tabulate(self, table, place):
            pass

    chain = Chain((4,), 1, "float32", BUILDERS)
    with pytest.raises(KeyError, match="UnknownLayer has no builder: add it to BUILDERS in models/networks/layers"):
        chain.build([UnknownLayer()])


def test_a_layer_without_an_onnx_form_is_an_error_that_names_it():
    with pytest.raises(KeyError, match="GaussianNoise has no ONNX form: add it to WRITERS or TRAINING_ONLY"):
        write_layer(Graph(), keras.layers.GaussianNoise(0.1), [Value("inputs", (4,))])


def test_an_activation_without_an_onnx_form_is_an_error_that_names_it():
    layer = keras.layers.Activation("log_softmax")
    with pytest.raises(KeyError, match="The activation log_softmax has no ONNX form: add it to ACTIVATIONS"):
        write_layer(Graph(), layer, [Value("inputs", (4,))])


@pytest.mark.parametrize("network_class", [*members(Network)[:-1], *members(CnnFamilyNetwork)])
def test_every_kind_of_network_has_a_builder(network_class):
    assert find_input_builder(network_class)


def test_a_network_without_a_builder_is_an_error_that_names_it():
    with pytest.raises(KeyError, match="DenseLayer has no builder: add it to INPUT_BUILDERS"):
        find_input_builder(DenseLayer)


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (ACTIVATIONS, get_args(Activation)),
        (CELLS, get_args(Cell)),
        (POOLINGS, get_args(PoolingKind)),
        (GLOBAL_POOLINGS, get_args(PoolingKind)),
        (JOINS, get_args(RecurrentLayer.model_fields["merge_mode"].annotation)),
    ],
    ids=["activations", "cells", "poolings", "global poolings", "merge modes"],
)
def test_every_choice_within_a_layer_is_in_its_table(table, names):
    assert set(table) == set(names)
