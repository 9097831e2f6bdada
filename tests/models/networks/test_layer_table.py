"""Shape inference of the API, compared with Keras."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.datasets.shape import DatasetShape
from core.errors import InvalidSpec
from core.networks.network import Network, tabulate_layers
from core.signatures.signature import InputKind, Task
from models.networks.network import build_network
from models.networks.weights import named_weights

NETWORKS: TypeAdapter[Any] = TypeAdapter(Network)
PATIENT = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

booleans = st.booleans()
small = st.integers(1, 4)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3)).map(list)
paddings = st.sampled_from(["valid", "same"])
normalizations = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "position": st.sampled_from(["before_activation", "after_activation"]),
            "center": booleans,
            "scale": booleans,
        }
    ),
)
poolings = st.fixed_dictionaries(
    {"kind": st.sampled_from(["max", "average"]), "pool_size": pairs, "padding": paddings},
    optional={"strides": pairs},
)
weighted = {
    "activation": st.sampled_from(["linear", "relu", "softmax"]),
    "use_bias": booleans,
    "batch_normalization": normalizations,
    "dropout": st.sampled_from([0.0, 0.5]),
}
dense = st.fixed_dictionaries({"type": st.just("dense"), "units": small, **weighted})
dropout = st.just({"type": "dropout", "rate": 0.25})
convolution = st.fixed_dictionaries(
    {
        "type": st.just("conv2d"),
        "filters": st.sampled_from([2, 4]),
        "kernel_size": pairs,
        "strides": pairs,
        "padding": paddings | st.integers(0, 2) | pairs,
        "dilation_rate": st.sampled_from([1, 2]),
        "groups": st.sampled_from([1, 2]),
        "pooling": st.none() | poolings,
        **weighted,
    }
)
over_images = (
    convolution
    | dropout
    | poolings.map(lambda pooling: {"type": "pooling2d", **pooling})
    | st.sampled_from(["max", "average"]).map(lambda kind: {"type": "global_pooling2d", "kind": kind})
    | st.just({"type": "flatten"})
)
shape_keeping = st.fixed_dictionaries(
    {
        "type": st.just("conv2d"),
        "filters": st.sampled_from([1, 2]),
        "kernel_size": pairs,
        "padding": st.just("same"),
        "batch_normalization": normalizations,
    }
)


def blocks(inner):
    """Return blocks whose branches usually fit one another."""
    stacks = st.lists(inner, max_size=2)
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("parallel"), "branches": st.lists(stacks, min_size=2, max_size=3)}),
        st.fixed_dictionaries(
            {
                "type": st.just("residual"),
                "layers": st.lists(inner, min_size=1, max_size=2),
                "shortcut": stacks,
                "activation": st.sampled_from(["linear", "relu"]),
            }
        ),
    )


recurrent = st.fixed_dictionaries(
    {
        "type": st.just("recurrent"),
        "cell": st.sampled_from(["simple_rnn", "lstm", "gru"]),
        "units": small,
        "use_bias": booleans,
        "reset_after": booleans,
        "return_sequences": booleans,
        "unroll": booleans,
        "go_backwards": booleans,
        "bidirectional": booleans,
        "merge_mode": st.sampled_from(["sum", "mul", "concat", "ave"]),
    }
)


def shape_of_inputs(input_shape):
    return DatasetShape(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input_shape=input_shape,
        network_input_shape=input_shape,
        target_shape=(1,),
        num_train=1,
        num_validation=0,
        num_test=0,
    )


def assert_tables_agree(network, input_shape):
    spec = NETWORKS.validate_python(network)
    try:
        rows = tabulate_layers(spec, input_shape)
    except InvalidSpec:
        assume(False)
    model = build_network(spec, shape_of_inputs(input_shape), seed=1)
    by_keras = [
        (layer.name, type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in model.layers[1:]
    ]
    by_us = [(row.name, row.type, row.output_shape, row.num_parameters) for row in rows]
    if any(row.type in {"Add", "Concatenate"} for row in rows):
        # Keras lists the layers of branches by their distance from the output.
        by_us, by_keras = sorted(by_us), sorted(by_keras)
    assert by_us == by_keras
    for row in rows:
        by_name = {name: tuple(weight.shape) for name, weight in named_weights(model.get_layer(row.name)).items()}
        assert list(row.weights.items()) == list(by_name.items())


@PATIENT
@given(layers=st.lists(dense | dropout, min_size=1, max_size=4), shape=st.sampled_from([(3,), (2, 3), (2, 3, 2)]))
def test_tables_of_perceptrons_agree_with_keras(layers, shape):
    assert_tables_agree({"kind": "mlp", "layers": layers}, shape)


@PATIENT
@given(
    head=st.lists(over_images, min_size=1, max_size=3),
    tail=st.lists(dense, max_size=2),
    shape=st.sampled_from([(9, 8), (7, 9, 2)]),
)
def test_tables_of_convolutional_networks_agree_with_keras(head, tail, shape):
    assert_tables_agree({"kind": "cnn", "layers": head + tail}, shape)


@PATIENT
@given(
    body=st.lists(blocks(shape_keeping | blocks(shape_keeping)) | over_images, min_size=1, max_size=2),
    tail=st.lists(dense, max_size=1),
    shape=st.sampled_from([(5, 4), (4, 5, 2)]),
)
def test_tables_of_networks_with_blocks_agree_with_keras(body, tail, shape):
    assert_tables_agree({"kind": "cnn", "layers": body + tail}, shape)


@PATIENT
@given(head=st.lists(recurrent | dense, min_size=1, max_size=3), tail=st.lists(dense | dropout, max_size=2))
def test_tables_of_recurrent_networks_agree_with_keras(head, tail):
    assert_tables_agree({"kind": "rnn", "layers": head + tail}, (4, 2))


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_tables_of_adders_agree_with_keras(cell):
    assert_tables_agree({"kind": "binary_adder", "cell": cell, "units": 5}, (8, 2))


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3)])
@pytest.mark.parametrize("family", ["alexnet", "vgg", "googlenet", "resnet"])
def test_tables_of_named_families_agree_with_keras(family, shape):
    assert_tables_agree({"kind": "cnn_family", "family": family, "width": 4, "dropout": 0.1}, shape)
