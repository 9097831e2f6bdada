"""Networks built from specs, and their outputs."""

import numpy as np
import pytest


def perceptron(*layers):
    return {"kind": "mlp", "layers": list(layers)}


def layer_names(model):
    return [layer.name for layer in model.layers[1:]]


def weights_of(model):
    return [weight.numpy() for weight in model.weights]


def answer(model, inputs):
    return np.asarray(model(np.array(inputs, np.float32), training=False))


def test_an_mlp_flattens_images_row_by_row(build):
    model = build(perceptron({"units": 1, "use_bias": False}), (2, 2))
    model.set_weights([np.array([[1], [10], [100], [1000]])])

    assert answer(model, [[[1, 2], [3, 4]]]).tolist() == [[4321]]


def test_a_cnn_adds_a_channel_axis_to_grey_images_and_pools_after_normalising(build):
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


def test_an_adder_can_be_given_weights_that_add(build):
    """Set three hidden units that count the ones among a, b and the carry: more than 0, more than 1, more than 2."""
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
def test_initial_weights_depend_on_the_seed_and_no_two_layers_share_them(build, definition, input_shape):
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


def test_names_do_not_depend_on_what_was_built_before(build):
    definition = perceptron({"units": 2, "dropout": 0.1}, {"units": 2})
    build(definition, (2,))

    assert layer_names(build(definition, (2,))) == ["dense_1", "dropout_1", "dense_2"]


def test_a_network_deeper_than_pythons_own_limit_can_be_built(build):
    layer = {"units": 2, "activation": "relu", "batch_normalization": "before_activation", "dropout": 0.1}

    model = build(perceptron(*[layer] * 260), (2,))

    assert len(model.layers) == 1 + 4 * 260
