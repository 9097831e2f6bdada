"""Recurrent networks over sequences."""

from typing import Any

from core.dataset_sizes import DatasetShape
from core.specs.networks import BinaryAdderNetwork, RnnNetwork
from core.specs.training import PrecisionName
from models.chain import Chain
from models.embeddings import add_embeddings
from models.layers import add_layers


def build(spec: RnnNetwork | BinaryAdderNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
    """Build the network for sequences of shape (time, features).

    Returns:
        A keras.Model to (batch, time, units) when its last recurrent layer returns sequences, else (batch, units).
    """
    chain = Chain(shape.network_input_shape, seed, precision)
    add_embeddings(chain, shape.embeddings)
    add_layers(chain, spec.layers)
    return chain.finish()
