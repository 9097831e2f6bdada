"""Which module builds which kind of network."""

from collections.abc import Callable
from typing import Any

from core.dataset_sizes import DatasetShape
from core.specs.networks import Network
from core.specs.training import PrecisionName
from models import binary_adder, cnn, mlp, rnn

Builder = Callable[[Any, DatasetShape, int, PrecisionName], Any]

BUILDERS: dict[str, Builder] = {
    "mlp": mlp.build,
    "cnn": cnn.build,
    "rnn": rnn.build,
    "cnn_family": cnn.build,
    "binary_adder": binary_adder.build,
}


def build_network(spec: Network, shape: DatasetShape, seed: int, precision: PrecisionName = "float32") -> Any:
    """Build the Keras network that a spec describes.

    Args:
        spec: Kind and layers; core.layer_table has found that they fit one another.
        shape: Of the dataset it will learn from.
        seed: The experiment's; first weights and dropout follow from it.
        precision: What layers compute in; weights and answers are float32 in any case.

    Returns:
        A keras.Model from (batch, *shape.network_input_shape) to its last layer's output.
    """
    return BUILDERS[spec.kind](spec, shape, seed, precision)
