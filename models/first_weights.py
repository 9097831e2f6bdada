"""Giving a network the weights that a spec begins with."""

from typing import Any

import numpy as np

from core.specs.weights import InitialWeights
from models.named_weights import named_weights


def set_first_weights(network: Any, given: InitialWeights) -> None:
    """Set the weights that are named; the others stay as their initializers have drawn them.

    Args:
        network: A keras.Model.
        given: By layer and name; core.initial_weights has found that their shapes are the network's.
    """
    for layer, arrays in given.items():
        weights = named_weights(network.get_layer(layer))
        for name, numbers in arrays.items():
            weights[name].assign(np.array(numbers, np.float32))
