"""Blocks of layers, in Keras and in ONNX."""

import numpy as np
import onnx
import pytest

from models.export.export import run_onnx
from models.export.onnx import write_onnx
from models.export.steps import list_steps
from models.preparation.preparation import Preparation
from models.runtime import keras


def answer(model, inputs):
    return np.asarray(model(np.array(inputs, np.float32), training=False))


def times(factor, **others):
    """Return a layer that multiplies a grey image by a number."""
    initializer = {"name": "constant", "value": factor}
    return {"type": "conv2d", "filters": 1, "kernel_size": 1, "kernel_initializer": initializer, **others}


def test_branches_read_the_same_input_and_are_concatenated(build):
    block = {"type": "parallel", "branches": [[times(2), times(5)], [], [times(3)]]}
    model = build({"kind": "cnn", "layers": [times(1), block, {"type": "dropout", "rate": 0.5}]}, (1, 1))

    assert answer(model, [[[7]]])[0, 0, 0].tolist() == [70, 7, 21]


@pytest.mark.parametrize(
    ("shortcut", "activation", "expected"),
    [([], "relu", 0), ([], "linear", -7), ([times(10)], "relu", 56)],
)
def test_a_residual_block_adds_its_layers_to_the_shortcut(build, shortcut, activation, expected):
    block = {"type": "residual", "layers": [times(-1), times(2)], "shortcut": shortcut, "activation": activation}

    # −1 · 2 · 7 and 7, or 10 · 7.
    model = build({"kind": "cnn", "layers": [block]}, (1, 1))

    assert answer(model, [[[7]]]).item() == expected


def test_blocks_may_be_nested(build):
    inner = {"type": "parallel", "branches": [[times(2)], [times(3)]]}
    outer = {"type": "residual", "layers": [inner], "shortcut": [{"type": "parallel", "branches": [[], [times(4)]]}]}
    model = build({"kind": "cnn", "layers": [outer]}, (1, 1))

    assert answer(model, [[[1]]])[0, 0, 0].tolist() == [3, 7]


def test_a_network_with_blocks_computes_in_16_bits_and_returns_float32(build):
    block = {"type": "residual", "layers": [times(2)], "shortcut": [{"type": "dropout", "rate": 0.5}]}

    model = build({"kind": "cnn", "layers": [block]}, (2, 2), precision="mixed_bfloat16")

    types = {layer.name: layer.compute_dtype for layer in model.layers[1:]}
    assert {types[name] for name in ("conv2d_1", "dropout_1", "add_1", "activation_1")} == {"bfloat16"}
    assert answer(model, np.ones((1, 2, 2))).dtype == np.float32


def draw(shape, scale=1.0):
    return (np.random.default_rng(1).standard_normal((5, *shape)) * scale).astype(np.float32)


def convolution(filters):
    return keras.layers.Conv2D(filters, 2, padding="same")


@pytest.mark.parametrize("joint", ["add", "concatenate"])
@pytest.mark.parametrize(
    ("before", "branches", "after"),
    [
        # Both branches with channels first, one of them, none; then rows of numbers.
        ([], [[convolution], [convolution]], []),
        ([], [[convolution], []], [convolution]),
        ([], [[], []], [convolution]),
        ([], [[], []], []),
        ([convolution], [[convolution], []], [keras.layers.Flatten]),
        ([keras.layers.Flatten], [[], []], []),
        ([convolution], [[keras.layers.GlobalMaxPooling2D], [keras.layers.GlobalAveragePooling2D]], []),
    ],
)
def test_merged_branches(before, branches, after, joint, tmp_path):
    def stack(value, kinds):
        for kind in kinds:
            value = (kind(3) if kind is convolution else kind())(value)
        return value

    inputs = keras.Input((4, 5, 3))
    start = stack(inputs, before)
    ends = [stack(start, branch) for branch in branches]
    joined = keras.layers.Add()(ends) if joint == "add" else keras.layers.Concatenate()(ends)
    model = keras.Model(inputs, stack(joined, after))
    path = tmp_path / "model.onnx"

    write_onnx(path, (4, 5, 3), Preparation(), list_steps(model))

    onnx.checker.check_model(onnx.load(path), full_check=True)
    rows = draw((4, 5, 3))
    np.testing.assert_allclose(run_onnx(path, rows), model(rows, training=False), rtol=2e-4, atol=1e-5)
