"""Weights of a network: initializers, regularizers, given values and names."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.networks.layer_table import LayerRow
from core.specs.initializers import AnyInitializer, Constant, PlainInitializer, Regularizer
from core.specs.weights import NumbersByLayer
from models.runtime import keras

INITIALIZERS: dict[str, Any] = {
    "zeros": keras.initializers.Zeros,
    "ones": keras.initializers.Ones,
    "constant": keras.initializers.Constant,
    "glorot_uniform": keras.initializers.GlorotUniform,
    "glorot_normal": keras.initializers.GlorotNormal,
    "he_uniform": keras.initializers.HeUniform,
    "he_normal": keras.initializers.HeNormal,
    "lecun_uniform": keras.initializers.LecunUniform,
    "lecun_normal": keras.initializers.LecunNormal,
    "random_normal": keras.initializers.RandomNormal,
    "truncated_normal": keras.initializers.TruncatedNormal,
    "random_uniform": keras.initializers.RandomUniform,
    "variance_scaling": keras.initializers.VarianceScaling,
    "orthogonal": keras.initializers.Orthogonal,
}


def make_initializer(spec: AnyInitializer, seed: int) -> Any:
    """Return the Keras initializer, with `seed` if it is random."""
    is_fixed = isinstance(spec, Constant) or (isinstance(spec, PlainInitializer) and spec.name in {"zeros", "ones"})
    arguments = spec.model_dump(exclude={"name"})
    return INITIALIZERS[spec.name](**arguments) if is_fixed else INITIALIZERS[spec.name](**arguments, seed=seed)


def make_regularizer(spec: Regularizer | None) -> Any:
    """Return the Keras regularizer, or None if there is none."""
    if spec is None or not (spec.l1 or spec.l2):
        return None
    return keras.regularizers.L1L2(l1=spec.l1, l2=spec.l2)


def named_weights(layer: Any) -> dict[str, Any]:
    """Return the weight arrays of a Keras layer, by Keras's names and in Keras's order.

    The names of a bidirectional layer begin with `forward_` or `backward_`.
    """
    if isinstance(layer, keras.layers.Bidirectional):
        directions = {"forward": layer.forward_layer, "backward": layer.backward_layer}
        return {
            f"{way}_{name}": weight
            for way, inner in directions.items()
            for name, weight in named_weights(inner).items()
        }
    return {weight.name: weight for weight in layer.weights}


def set_first_weights(network: Any, given: NumbersByLayer) -> None:
    """Set the weights that are named; the others keep the values of their initializers.

    Args:
        network: A keras.Model.
        given: Weights by layer and name, with shapes checked by core.checks.weights.
    """
    for layer, arrays in given.items():
        weights = named_weights(network.get_layer(layer))
        for name, numbers in arrays.items():
            weights[name].assign(np.array(numbers, np.float32))


def freeze(network: Any, layers: Sequence[LayerRow]) -> None:
    """Keep training from changing the weights of layers that are frozen.

    Args:
        network: A keras.Model whose optimizer is not built yet.
        layers: Its layers.
    """
    for row in layers:
        if row.is_frozen:
            network.get_layer(row.name).trainable = False
