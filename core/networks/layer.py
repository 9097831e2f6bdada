"""Base class of layer specs, and the parts that several layers share."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from core.specs.base import Bool, Fraction, PositiveFloat, SpecModel
from core.specs.initializers import BiasInitializer, Initializer, Regularizer, plain

Activation = Literal[
    "linear",
    "relu",
    "leaky_relu",
    "relu6",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "exponential",
    "softmax",
]


class BatchNormalization(SpecModel):
    """Normalises a layer's values over the batch (Ioffe and Szegedy, 2015)."""

    position: Literal["before_activation", "after_activation"] = "before_activation"
    momentum: Fraction = 0.99
    epsilon: PositiveFloat = 0.001
    center: Bool = True
    scale: Bool = True


def _position_alone(value: Any) -> Any:
    return {"position": value} if isinstance(value, str) else value


MaybeBatchNormalization = Annotated[
    BatchNormalization | None,
    BeforeValidator(_position_alone, json_schema_input_type=str | BatchNormalization | None),
]


class WeightedLayer(SpecModel):
    """What dense and convolutional layers share."""

    activation: Activation = "linear"
    use_bias: Bool = True
    kernel_initializer: Initializer = plain("glorot_uniform")
    bias_initializer: BiasInitializer = plain("zeros")
    kernel_regularizer: Regularizer | None = None
    bias_regularizer: Regularizer | None = None
    batch_normalization: MaybeBatchNormalization = None
    """Batch normalisation, `before_activation` or `after_activation`; null for none."""
    dropout: Fraction = 0.0
    """Share of the layer's outputs set to zero in training; after activation and pooling."""


class DropoutLayer(SpecModel):
    """Dropout on its own, such as on the inputs."""

    type: Literal["dropout"]
    rate: Fraction
