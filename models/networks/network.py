"""Build the Keras network that a spec describes."""

from collections.abc import Callable
from typing import Any

from core.datasets.shape import DatasetShape
from core.networks.network import BinaryAdderNetwork, CnnFamilyNetwork, CnnNetwork, MlpNetwork, Network, RnnNetwork
from core.specs.training import PrecisionName
from models.networks.chain import Chain
from models.networks.embedding import add_embeddings
from models.networks.layers import IMAGE_RANK, add_flatten, add_layers
from models.runtime import keras


def _build_mlp(spec: MlpNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
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


def _build_cnn(spec: CnnNetwork | CnnFamilyNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
    """Build the network for images of shape (height, width) or (height, width, channels).

    Returns:
        A keras.Model to (batch, units of the last layer).
    """
    chain = Chain(shape.network_input_shape, seed, precision)
    if len(shape.network_input_shape) < IMAGE_RANK:
        chain.add(keras.layers.Reshape((*shape.network_input_shape, 1), name=chain.name("reshape"), dtype=chain.dtype))
    add_layers(chain, spec.layers)
    return chain.finish()


def _build_rnn(spec: RnnNetwork | BinaryAdderNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
    """Build the network for sequences of shape (time, features).

    Returns:
        A keras.Model to (batch, time, units) when its last recurrent layer returns sequences, else (batch, units).
    """
    chain = Chain(shape.network_input_shape, seed, precision)
    add_embeddings(chain, shape.embeddings)
    add_layers(chain, spec.layers)
    return chain.finish()


def _build_binary_adder(spec: BinaryAdderNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
    """Build the adder: one recurrent layer, and a sigmoid for the sum bit of each time step.

    Bits run least significant first, so the carry moves forward in time.

    Returns:
        A keras.Model from (batch, num_bits, 2) to (batch, num_bits, 1).
    """
    return _build_rnn(spec, shape, seed, precision)


Builder = Callable[[Any, DatasetShape, int, PrecisionName], Any]

BUILDERS: dict[str, Builder] = {
    "mlp": _build_mlp,
    "cnn": _build_cnn,
    "rnn": _build_rnn,
    "cnn_family": _build_cnn,
    "binary_adder": _build_binary_adder,
}


def build_network(spec: Network, shape: DatasetShape, seed: int, precision: PrecisionName = "float32") -> Any:
    """Build the Keras network that a spec describes.

    Args:
        spec: Kind and layers; core.networks.table has found that they fit one another.
        shape: Of the dataset it will learn from.
        seed: The experiment's; first weights and dropout follow from it.
        precision: What layers compute in; weights and answers are float32 in any case.

    Returns:
        A keras.Model from (batch, *shape.network_input_shape) to its last layer's output.
    """
    return BUILDERS[spec.kind](spec, shape, seed, precision)
