"""Multilayer perceptrons."""

from typing import Any

from core.dataset_sizes import DatasetShape
from core.specs.networks import MlpNetwork
from core.specs.training import PrecisionName
from models.chain import Chain
from models.embeddings import add_embeddings
from models.layers import add_flatten, add_layers


def build(spec: MlpNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
    """Build the network for inputs of `shape.network_input_shape`, flattened where they have more than one axis.

    Returns:
        A keras.Model from (batch, *network_input_shape) to (batch, units of the last layer).
    """
    chain = Chain(shape.network_input_shape, seed, precision)
    add_embeddings(chain, shape.embeddings)
    if len(shape.network_input_shape) > 1:
        add_flatten(chain)
    add_layers(chain, spec.layers)
    return chain.finish()
