"""Multilayer perceptrons."""

from typing import Any

from core.dataset_shape import DatasetShape
from core.specs.networks import MlpNetwork
from models.chain import Chain
from models.layers import add_flatten, add_layer


def build(spec: MlpNetwork, shape: DatasetShape, seed: int) -> Any:
    """Build the network for inputs of `shape.network_input_shape`, flattened where they have more than one axis.

    Returns:
        A keras.Model from (batch, *network_input_shape) to (batch, units of the last layer).
    """
    chain = Chain(shape.network_input_shape, seed)
    if len(shape.network_input_shape) > 1:
        add_flatten(chain)
    for layer in spec.layers:
        add_layer(chain, layer)
    return chain.finish()
