"""Weights, activation, batch normalisation and dropout, which several layers share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from core.networks.layer import Activation, BatchNormalization, DropoutLayer, WeightedLayer
from models.networks.chain import Chain
from models.networks.weights import make_initializer, make_regularizer
from models.onnx_graph import Graph, Value, to_channels_last
from models.runtime import keras
from models.seeds import derive_seed


def weights_of(spec: WeightedLayer, name: str, seed: int) -> dict[str, Any]:
    """Return Keras's arguments for the kernel and bias of the layer with this name."""
    return {
        "use_bias": spec.use_bias,
        "kernel_initializer": make_initializer(spec.kernel_initializer, derive_seed(seed, name, "kernel")),
        "bias_initializer": make_initializer(spec.bias_initializer, derive_seed(seed, name, "bias")),
        "kernel_regularizer": make_regularizer(spec.kernel_regularizer),
        "bias_regularizer": make_regularizer(spec.bias_regularizer),
    }


def own_activation(spec: WeightedLayer) -> Activation | None:
    """Return the activation that the Keras layer computes itself; None if a normalisation precedes it."""
    return None if spec.normalizes_first else spec.activation


def build_normalization(chain: Chain, spec: WeightedLayer) -> None:
    """Build the batch normalisation of a layer, and the activation if it is a separate layer."""
    if spec.batch_normalization is not None:
        _build_batch_normalization(chain, spec.batch_normalization)
    if spec.normalizes_first:
        build_activation(chain, spec.activation)


def _build_batch_normalization(chain: Chain, spec: BatchNormalization) -> None:
    chain.add(
        keras.layers.BatchNormalization(
            momentum=spec.momentum,
            epsilon=spec.epsilon,
            center=spec.center,
            scale=spec.scale,
            name=chain.name("batch_normalization"),
            dtype=chain.dtype,
        )
    )


def build_activation(chain: Chain, activation: Activation) -> None:
    """Build an activation as a separate layer."""
    chain.add(keras.layers.Activation(activation, name=chain.name("activation"), dtype=chain.dtype))


def build_dropout(chain: Chain, spec: DropoutLayer) -> None:
    """Build a dropout layer."""
    add_dropout(chain, spec.rate)


def add_dropout(chain: Chain, rate: float) -> None:
    """Append dropout; a rate of 0 appends a layer that drops nothing."""
    name = chain.name("dropout")
    chain.add(keras.layers.Dropout(rate, seed=derive_seed(chain.seed, name, "mask"), name=name, dtype=chain.dtype))


ActivationWriter = Callable[[Graph, str, int], str]
"""Writes an activation of a value and returns the result's name; softmax also uses the axis of the channels."""


def _operator(operator: str, **attributes: Any) -> ActivationWriter:
    return lambda graph, value, _axis: graph.add(operator, value, **attributes)


def _write_linear(_graph: Graph, value: str, _axis: int) -> str:
    return value


def _write_silu(graph: Graph, value: str, _axis: int) -> str:
    return graph.add("Mul", value, graph.add("Sigmoid", value))


def _write_relu6(graph: Graph, value: str, _axis: int) -> str:
    return graph.add("Clip", value, graph.constant("zero", 0.0), graph.constant("six", 6.0))


def _write_softmax(graph: Graph, value: str, axis: int) -> str:
    return graph.add("Softmax", value, axis=axis)


ACTIVATIONS: dict[str, ActivationWriter] = {
    "linear": _write_linear,
    "relu": _operator("Relu"),
    "leaky_relu": _operator("LeakyRelu", alpha=0.2),
    "relu6": _write_relu6,
    "elu": _operator("Elu", alpha=1.0),
    "selu": _operator("Selu"),
    "gelu": _operator("Gelu"),
    "silu": _write_silu,
    "mish": _operator("Mish"),
    "sigmoid": _operator("Sigmoid"),
    "hard_sigmoid": _operator("HardSigmoid", alpha=1 / 6, beta=0.5),
    "tanh": _operator("Tanh"),
    "softplus": _operator("Softplus"),
    "softsign": _operator("Softsign"),
    "exponential": _operator("Exp"),
    "softmax": _write_softmax,
}
"""Writers by Keras's name, with Keras's defaults: slope 0.2 for leaky ReLU; relu6(x + 3) / 6 for hard sigmoid."""


def apply_activation(graph: Graph, activation: object, value: str, *, channel_axis: int = -1) -> str:
    """Write an activation with ONNX operators.

    Args:
        graph: The graph to add to.
        activation: Activation function of a Keras layer.
        value: Name of the value to apply it to.
        channel_axis: Axis that softmax sums over.

    Returns:
        The name of the result.

    Raises:
        KeyError: If the activation is not in ACTIVATIONS.
    """
    name = activation_name(activation)
    if name not in ACTIVATIONS:
        raise KeyError(f"The activation {name} has no ONNX form: add it to ACTIVATIONS in models/networks/layer.py")
    return ACTIVATIONS[name](graph, value, channel_axis)


def activation_name(activation: object) -> str:
    """Return Keras's name of an activation function."""
    return str(getattr(activation, "__name__", activation))


def write_activation(graph: Graph, layer: Any, value: Value) -> Value:
    """Write the activation of a Keras layer."""
    axis = 1 if value.channels_first else -1
    result = apply_activation(graph, layer.activation, value.name, channel_axis=axis)
    return Value(result, value.shape, value.channels_first)


def write_normalization(graph: Graph, layer: Any, value: Value) -> Value:
    """Write batch normalisation with the moving mean and variance."""
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    gamma = layer.gamma.numpy() if layer.scale else np.ones_like(mean)
    beta = layer.beta.numpy() if layer.center else np.zeros_like(mean)
    if value.channels_first or len(value.shape) == 1:
        numbers = {"scale": gamma, "shift": beta, "mean": mean, "variance": variance}
        constants = [graph.constant(f"{layer.name}_{name}", array) for name, array in numbers.items()]
        result = graph.add("BatchNormalization", value.name, *constants, epsilon=layer.epsilon, stem=layer.name)
    else:
        # ONNX's operator normalises the axis after the batch, which is time here; the features are last.
        factor = gamma / np.sqrt(variance.astype(np.float64) + layer.epsilon)
        centred = graph.add("Sub", value.name, graph.constant(f"{layer.name}_mean", mean))
        scaled = graph.add("Mul", centred, graph.constant(f"{layer.name}_scale", factor))
        result = graph.add("Add", scaled, graph.constant(f"{layer.name}_shift", beta), stem=layer.name)
    return Value(result, value.shape, value.channels_first)


def write_rescaling(graph: Graph, layer: Any, value: Value) -> Value:
    """Write a Rescaling layer, which converts standardised outputs to the target's units, in its own precision."""
    name, dtype = to_channels_last(graph, value), np.dtype(layer.compute_dtype)
    if dtype == np.float64:
        name = graph.add("Cast", name, to=onnx.TensorProto.DOUBLE)
    scaled = graph.add("Mul", name, graph.constant(f"{layer.name}_scale", layer.scale, dtype))
    result = graph.add("Add", scaled, graph.constant(f"{layer.name}_offset", layer.offset, dtype), stem=layer.name)
    return Value(result, value.shape)
