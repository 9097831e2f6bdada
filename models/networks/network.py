"""Construction of the Keras network of a spec."""

from collections.abc import Callable
from typing import Any

from core.datasets.shape import DatasetShape
from core.networks.base import BaseNetwork, ImageNetwork, SequenceNetwork
from core.networks.layer_table import IMAGE_RANK
from core.networks.network import MlpNetwork, Network
from core.specs.training import PrecisionName
from models.networks.chain import Chain
from models.networks.dense import add_flatten
from models.networks.embedding import build_embeddings
from models.networks.layers import BUILDERS, build_layers
from models.runtime import keras

InputBuilder = Callable[[Chain, DatasetShape], None]
"""Builds the layers before a network's first layer; core.networks has their rows (`tabulate_input`)."""


def _build_rows(chain: Chain, shape: DatasetShape) -> None:
    """Build the embeddings, and a Flatten layer if samples have more than one axis."""
    build_embeddings(chain, shape.embeddings)
    if len(chain.shape) > 1:
        add_flatten(chain)


def _build_images(chain: Chain, _shape: DatasetShape) -> None:
    """Build a Reshape layer if images have no channel axis."""
    if len(chain.shape) < IMAGE_RANK:
        chain.add(keras.layers.Reshape((*chain.shape, 1), name=chain.name("reshape"), dtype=chain.dtype))


def _build_sequences(chain: Chain, shape: DatasetShape) -> None:
    """Build the embeddings."""
    build_embeddings(chain, shape.embeddings)


INPUT_BUILDERS: dict[type[BaseNetwork], InputBuilder] = {
    MlpNetwork: _build_rows,
    ImageNetwork: _build_images,
    SequenceNetwork: _build_sequences,
}
"""Builders by the class of a network, or a base class of it."""


def build_network(spec: Network, shape: DatasetShape, seed: int, precision: PrecisionName = "float32") -> Any:
    """Build the Keras network of a spec.

    Args:
        spec: Kind and layers, checked by core.networks.network.
        shape: Shape of the dataset.
        seed: Seed of the experiment, for initial weights and dropout.
        precision: Precision of the computations; weights and outputs are always float32.

    Returns:
        A keras.Model from (batch, *shape.network_input_shape) to its last layer's output.

    Raises:
        KeyError: If a class of networks or layers has no builder.
    """
    chain = Chain(shape.network_input_shape, seed, precision, BUILDERS)
    find_input_builder(type(spec))(chain, shape)
    build_layers(chain, spec.layers)
    return chain.finish()


def find_input_builder(network_class: type[BaseNetwork]) -> InputBuilder:
    """Return the builder of the layers before a network's first layer.

    Raises:
        KeyError: If neither the class nor a base class is in INPUT_BUILDERS.
    """
    for base in network_class.__mro__:
        if base in INPUT_BUILDERS:
            return INPUT_BUILDERS[base]
    raise KeyError(f"{network_class.__name__} has no builder: add it to INPUT_BUILDERS in models/networks/network.py")
