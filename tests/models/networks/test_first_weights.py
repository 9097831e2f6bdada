import numpy as np
import pytest

from core.experiment import parse_spec
from models.assembly import assemble
from models.networks.weights import named_weights

IMAGES = {"name": "digits", "split": {"test": 1790}}
SEQUENCES = {"name": "binary_addition", "num_bits": 3, "num_train": 4, "num_test": 0}


def network_of(folder, dataset, kind, layers, weights):
    spec = parse_spec(
        {
            "name": "test",
            "dataset": dataset,
            "model": {"kind": kind, "layers": layers},
            "initial_weights": weights,
            "training": {"loss": "mean_squared_error"},
        }
    )
    return assemble(spec, folder).network


def counted(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_named_weights_are_set_and_the_others_are_initialized_as_usual(tmp_path):
    convolution = {
        "type": "conv2d",
        "filters": 2,
        "kernel_size": [2, 1],
        "batch_normalization": "after_activation",
        "activation": "relu",
    }
    layers = [convolution, {"type": "dense", "units": 10}]
    given = {
        "conv2d_1": {"kernel": counted(2, 1, 1, 2)},
        "batch_normalization_1": {name: counted(2) for name in ("gamma", "beta", "moving_mean", "moving_variance")},
        "dense_1": {"bias": counted(10)},
    }
    weights = {layer: {name: array.tolist() for name, array in arrays.items()} for layer, arrays in given.items()}

    network = network_of(tmp_path, IMAGES, "cnn", layers, weights)
    without = network_of(tmp_path, IMAGES, "cnn", layers, {})

    for layer in network.layers:
        drawn = named_weights(without.get_layer(layer.name))
        for name, weight in named_weights(layer).items():
            expected = given.get(layer.name, {}).get(name, drawn[name])
            np.testing.assert_array_equal(weight.numpy(), np.asarray(expected), err_msg=weight.path)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_recurrent_weights_are_set_in_one_direction_or_both(cell, tmp_path):
    gated = {"simple_rnn": 2, "lstm": 8, "gru": 6}[cell]
    bias = (2, gated) if cell == "gru" else (gated,)
    shapes = {"kernel": (2, gated), "recurrent_kernel": (2, gated), "bias": bias}
    recurrent = {"type": "recurrent", "cell": cell, "units": 2, "return_sequences": True}
    layers = [{**recurrent, "bidirectional": True, "merge_mode": "sum"}, recurrent, {"type": "dense", "units": 1}]
    given = {
        "bidirectional_1": {f"backward_{name}": (counted(*shape) + 1).tolist() for name, shape in shapes.items()},
        f"{cell}_1": {name: counted(*shape).tolist() for name, shape in shapes.items()},
    }

    network = network_of(tmp_path, SEQUENCES, "rnn", layers, given)

    both, one = network.layers[1:3]
    for name, weight in zip(shapes, both.backward_layer.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, counted(*shapes[name]) + 1)
    for name, weight in zip(shapes, one.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, counted(*shapes[name]))
