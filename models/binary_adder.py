"""The network that adds two numbers bit by bit."""

from typing import Any

from core.dataset_sizes import DatasetShape
from core.specs.networks import BinaryAdderNetwork
from core.specs.training import PrecisionName
from models import rnn


def build(spec: BinaryAdderNetwork, shape: DatasetShape, seed: int, precision: PrecisionName) -> Any:
    """Build the adder: one recurrent layer, and a sigmoid for the sum bit of each time step.

    Bits run least significant first, so the carry moves forward in time.

    Returns:
        A keras.Model from (batch, num_bits, 2) to (batch, num_bits, 1).
    """
    return rnn.build(spec, shape, seed, precision)
