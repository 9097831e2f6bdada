"""What the kinds of network are made of, and what they compute."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.datasets.shape import DatasetShape
from core.networks.network import Network
from core.signatures.signature import InputKind, Task
from models.networks.network import build_network

NETWORKS = TypeAdapter(Network)


def build(definition, input_shape, seed=1, precision="float32"):
    shape = DatasetShape(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input_shape=input_shape,
        network_input_shape=input_shape,
        target_shape=(1,),
        num_train=1,
        num_validation=0,
        num_test=0,
    )
    return build_network(NETWORKS.validate_python(definition), shape, seed, precision)


def perceptron(*layers):
    return {"kind": "mlp", "layers": list(layers)}


def layer_names(model):
    return [layer.name for layer in model.layers[1:]]


def weights_of(model):
    return [weight.numpy() for weight in model.weights]


def answer(model, inputs):
    return np.asarray(model(np.array(inputs, np.float32), training=False))


W1 = [[0.1, 0.4, 0.7, 0.1, 0.3], [0.2, 0.5, 0.8, 0.1, 0.4], [0.3, 0.6, 0.9, 0.2, 0.5]]
B1 = [0.1, 0.2, 0.3, 0.4, 0.5]
W2 = [[0.1, 0.6, 0.1, 0.6], [0.2, 0.7, 0.2, 0.7], [0.3, 0.8, 0.3, 0.8], [0.4, 0.9, 0.4, 0.9], [0.5, 0.1, 0.5, 0.1]]
B2 = [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("softmax", [0.00443583, 0.44573018, 0.00541793, 0.54441607]),
        ("linear", [4.59, 9.2, 4.79, 9.4]),
    ],
)
def test_the_course_books_forward_pass_gives_its_published_answer(activation, expected):
    model = build(perceptron({"units": 5, "activation": "relu"}, {"units": 4, "activation": activation}), (3,))
    model.set_weights([np.array(weights) for weights in (W1, B1, W2, B2)])

    assert answer(model, [[1, 2, 3]])[0] == pytest.approx(expected, rel=1e-5)


def test_a_sigmoid_layer_gives_its_published_answer():
    model = build(perceptron({"units": 3, "activation": "sigmoid"}), (4,))
    model.set_weights([np.ones((4, 3)), np.array([0.1, 0.2, 0.3])])

    assert answer(model, [[1, 5, 2, -1]])[0] == pytest.approx([0.99917558, 0.99925397, 0.99932492], rel=1e-6)


def test_an_mlp_flattens_images_row_by_row():
    model = build(perceptron({"units": 1, "use_bias": False}), (2, 2))
    model.set_weights([np.array([[1], [10], [100], [1000]])])

    assert answer(model, [[[1, 2], [3, 4]]]).tolist() == [[4321]]


def test_normalisation_comes_before_or_after_the_activation_and_dropout_last():
    before = build(
        perceptron({"units": 2, "activation": "relu", "batch_normalization": "before_activation", "dropout": 0.5}), (3,)
    )
    after = build(
        perceptron({"units": 2, "activation": "relu", "batch_normalization": "after_activation", "dropout": 0.5}), (3,)
    )

    assert layer_names(before) == ["dense_1", "batch_normalization_1", "activation_1", "dropout_1"]
    assert layer_names(after) == ["dense_1", "batch_normalization_1", "dropout_1"]
    assert (before.layers[1].activation.__name__, after.layers[1].activation.__name__) == ("linear", "relu")


def test_a_cnn_gives_grey_images_a_channel_and_pools_after_normalising():
    layer = {
        "type": "conv2d",
        "filters": 2,
        "kernel_size": 2,
        "activation": "relu",
        "batch_normalization": "before_activation",
        "pooling": {"kind": "average"},
        "dropout": 0.25,
    }
    model = build({"kind": "cnn", "layers": [layer, {"type": "dense", "units": 3}]}, (7, 7))

    assert layer_names(model) == [
        "reshape_1",
        "conv2d_1",
        "batch_normalization_1",
        "activation_1",
        "average_pooling2d_1",
        "dropout_1",
        "flatten_1",
        "dense_1",
    ]
    assert model.output_shape == (None, 3)


def test_a_convolution_adds_up_its_window():
    model = build({"kind": "cnn", "layers": [{"type": "conv2d", "filters": 1, "kernel_size": 2}]}, (3, 3))
    model.set_weights([np.ones((2, 2, 1, 1)), np.array([0.5])])

    image = [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]
    assert answer(model, image)[0, :, :, 0].tolist() == [[12.5, 16.5], [24.5, 28.5]]


def test_zeros_around_an_image_make_its_edges_count():
    layer = {"type": "conv2d", "filters": 1, "kernel_size": 2, "padding": [1, 0], "use_bias": False}
    model = build({"kind": "cnn", "layers": [layer | {"kernel_initializer": "ones"}]}, (2, 2))

    # Rows 0, [1 2], [3 4] and 0 of the 4×2 image, two by two.
    assert layer_names(model) == ["reshape_1", "zero_padding2d_1", "conv2d_1"]
    assert answer(model, [[[1, 2], [3, 4]]])[0, :, :, 0].tolist() == [[3], [10], [7]]


def times(factor, **others):
    """A layer that multiplies a grey image by a number."""
    initializer = {"name": "constant", "value": factor}
    return {"type": "conv2d", "filters": 1, "kernel_size": 1, "kernel_initializer": initializer, **others}


def test_branches_read_the_same_input_and_answer_side_by_side():
    block = {"type": "parallel", "branches": [[times(2), times(5)], [], [times(3)]]}
    model = build({"kind": "cnn", "layers": [times(1), block, {"type": "dropout", "rate": 0.5}]}, (1, 1))

    assert answer(model, [[[7]]])[0, 0, 0].tolist() == [70, 7, 21]


@pytest.mark.parametrize(
    ("shortcut", "activation", "expected"),
    [([], "relu", 0), ([], "linear", -7), ([times(10)], "relu", 56)],
)
def test_a_residual_block_adds_its_layers_to_the_way_around(shortcut, activation, expected):
    block = {"type": "residual", "layers": [times(-1), times(2)], "shortcut": shortcut, "activation": activation}

    # −1 · 2 · 7 and 7, or 10 · 7.
    model = build({"kind": "cnn", "layers": [block]}, (1, 1))

    assert answer(model, [[[7]]]).item() == expected


def test_blocks_may_stand_in_blocks():
    inner = {"type": "parallel", "branches": [[times(2)], [times(3)]]}
    outer = {"type": "residual", "layers": [inner], "shortcut": [{"type": "parallel", "branches": [[], [times(4)]]}]}
    model = build({"kind": "cnn", "layers": [outer]}, (1, 1))

    assert answer(model, [[[1]]])[0, 0, 0].tolist() == [3, 7]


def test_a_network_with_blocks_computes_in_sixteen_bits_and_answers_in_float32():
    block = {"type": "residual", "layers": [times(2)], "shortcut": [{"type": "dropout", "rate": 0.5}]}

    model = build({"kind": "cnn", "layers": [block]}, (2, 2), precision="mixed_bfloat16")

    types = {layer.name: layer.compute_dtype for layer in model.layers[1:]}
    assert {types[name] for name in ("conv2d_1", "dropout_1", "add_1", "activation_1")} == {"bfloat16"}
    assert answer(model, np.ones((1, 2, 2))).dtype == np.float32


def test_an_adder_can_be_given_weights_that_add():
    """Three hidden units that count the ones among a, b and the carry: more than 0, more than 1, more than 2."""
    model = build({"kind": "binary_adder", "units": 3, "activation": "hard_sigmoid"}, (4, 2))
    gain = 100.0
    # The carry is hidden unit 1: at least two ones.
    kernel = gain * np.ones((2, 3))
    recurrent = gain * np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])
    bias = gain * np.array([-0.5, -1.5, -2.5])
    # The sum bit is 1 for exactly one or three ones.
    output = gain * np.array([[1], [-1], [1]])
    model.set_weights([kernel, recurrent, bias, output, gain * np.array([-0.5])])

    # 5 + 3 = 8, least significant bit first.
    bits = answer(model, [[[1, 1], [0, 1], [1, 0], [0, 0]]])[0, :, 0]
    assert bits.round().tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("definition", "input_shape"),
    [
        (perceptron({"units": 8}, {"units": 8}, {"units": 8}), (8,)),
        (
            {"kind": "cnn", "layers": [{"type": "conv2d", "filters": 4, "kernel_size": 1, "groups": 4}] * 2},
            (3, 3, 4),
        ),
        (
            {
                "kind": "cnn",
                "layers": [
                    {
                        "type": "residual",
                        "layers": [{"type": "conv2d", "filters": 4, "kernel_size": 1}],
                        "shortcut": [{"type": "conv2d", "filters": 4, "kernel_size": 1}],
                    }
                ],
            },
            (3, 3, 4),
        ),
        (
            {
                "kind": "rnn",
                "layers": [
                    {"type": "recurrent", "cell": cell, "units": 4, "return_sequences": True, "bidirectional": True}
                    for cell in ("lstm", "lstm", "gru")
                ],
            },
            (3, 8),
        ),
        ({"kind": "binary_adder", "cell": "gru", "units": 4}, (3, 2)),
    ],
    ids=["mlp", "cnn", "blocks", "rnn", "binary_adder"],
)
def test_first_weights_follow_from_the_seed_and_no_two_layers_share_them(definition, input_shape):
    first, again, other = (weights_of(build(definition, input_shape, seed)) for seed in (1, 1, 2))

    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    drawn = [weights for weights in first if weights.std() > 0 and weights.ndim > 1]
    assert len(drawn) >= 2
    for place, weights in enumerate(drawn):
        assert not any(np.array_equal(weights, earlier) for earlier in drawn[:place])
    assert not any(
        np.array_equal(one, two) for one, two in zip(first, other, strict=True) if one.std() > 0 and one.ndim > 1
    )


def test_names_do_not_depend_on_what_was_built_before():
    definition = perceptron({"units": 2, "dropout": 0.1}, {"units": 2})
    build(definition, (2,))

    assert layer_names(build(definition, (2,))) == ["dense_1", "dropout_1", "dense_2"]


def test_recurrent_options_reach_keras():
    layer = {
        "type": "recurrent",
        "cell": "lstm",
        "units": 3,
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "unit_forget_bias": False,
        "dropout": 0.1,
        "recurrent_dropout": 0.2,
        "unroll": True,
        "go_backwards": True,
        "kernel_regularizer": {"l2": 0.01},
    }
    lstm = build({"kind": "rnn", "layers": [layer]}, (4, 2)).layers[1]

    assert (lstm.activation.__name__, lstm.recurrent_activation.__name__) == ("relu", "hard_sigmoid")
    assert (lstm.dropout, lstm.recurrent_dropout) == (0.1, 0.2)
    assert (lstm.unroll, lstm.go_backwards, lstm.unit_forget_bias) == (True, True, False)
    assert lstm.cell.bias.numpy().tolist() == [0] * 12
    assert lstm.cell.kernel_regularizer is not None


def test_a_gru_can_reset_before_the_product():
    layer = {"type": "recurrent", "cell": "gru", "units": 3, "reset_after": False}

    gru = build({"kind": "rnn", "layers": [layer]}, (4, 2)).layers[1]

    # One bias for each of three gates; with reset_after there are two.
    assert gru.cell.bias.shape == (9,)


def test_a_network_deeper_than_pythons_own_limit_can_be_built():
    layer = {"units": 2, "activation": "relu", "batch_normalization": "before_activation", "dropout": 0.1}

    model = build(perceptron(*[layer] * 260), (2,))

    assert len(model.layers) == 1 + 4 * 260
