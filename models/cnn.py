"""Convolutional networks over images."""

from typing import Any

from core.dataset_sizes import DatasetShape
from core.specs.networks import CnnFamilyNetwork, CnnNetwork
from core.specs.training import PrecisionName
from models.chain import Chain
from models.layers import IMAGE_RANK, add_layers
from models.runtime import keras


def build(spec: CnnNetwork | CnnFamilyNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
    """Build the network for images of shape (height, width) or (height, width, channels).

    Returns:
        A keras.Model to (batch, units of the last layer).
    """
    chain = Chain(shape.network_input_shape, seed, precision)
    if len(shape.network_input_shape) < IMAGE_RANK:
        chain.add(keras.layers.Reshape((*shape.network_input_shape, 1), name=chain.name("reshape"), dtype=chain.dtype))
    add_layers(chain, spec.layers)
    return chain.finish()
