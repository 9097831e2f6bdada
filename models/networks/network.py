"""Build the Keras network that a spec describes."""

from collections.abc import Callable
from typing import Any

from core.datasets.shape import DatasetShape
from core.networks.base import BaseNetwork, ImageNetwork, SequenceNetwork
from core.networks.network import MlpNetwork, Network
from core.networks.table import IMAGE_RANK
from core.specs.training import PrecisionName
from models.networks.chain import Chain
from models.networks.dense import add_flatten
from models.networks.embedding import build_embeddings
from models.networks.layers import BUILDERS, build_layers
from models.runtime import keras

InputBuilder = Callable[[Chain, DatasetShape], None]
"""Builds the layers in front of a network's first layer; core.networks has their rows (`tabulate_input`)."""


def _build_rows(chain: Chain, shape: DatasetShape) -> None:
    """Build the embeddings, and a Flatten layer where samples have more than one axis."""
    build_embeddings(chain, shape.embeddings)
    if len(chain.shape) > 1:
        add_flatten(chain)


def _build_images(chain: Chain, _shape: DatasetShape) -> None:
    """Build a Reshape layer where images have no axis of channels."""
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
"""By the class of a network, or a class that it is derived from."""


def build_network(spec: Network, shape: DatasetShape, seed: int, precision: PrecisionName = "float32") -> Any:
    """Build the Keras network that a spec describes.

    Args:
        spec: Kind and layers; core.networks.network has found that they fit one another.
        shape: Of the dataset it will learn from.
        seed: The experiment's; first weights and dropout follow from it.
        precision: What layers compute in; weights and answers are float32 in any case.

    Returns:
        A keras.Model from (batch, *shape.network_input_shape) to its last layer's output.

    Raises:
        KeyError: For a class of networks or layers that has no builder.
    """
    chain = Chain(shape.network_input_shape, seed, precision, BUILDERS)
    find_input_builder(type(spec))(chain, shape)
    build_layers(chain, spec.layers)
    return chain.finish()


def find_input_builder(network_class: type[BaseNetwork]) -> InputBuilder:
    """Return what builds the layers in front of a network's first layer.

    Raises:
        KeyError: For a class that is not in INPUT_BUILDERS, nor derived from one that is.
    """
    for base in network_class.__mro__:
        if base in INPUT_BUILDERS:
            return INPUT_BUILDERS[base]
    raise KeyError(f"{network_class.__name__} has no builder: add it to INPUT_BUILDERS in models/networks/network.py")
