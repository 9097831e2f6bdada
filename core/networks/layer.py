"""Base class of layer specs, and the parts that several layers share."""

from abc import abstractmethod
from collections.abc import Iterable
from math import prod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.networks.layer_table import LayerPlace, LayerTable, Shape
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


class BaseLayer(SpecModel):
    """Base class of layer specs. The field `type` names the layer; `tabulate` computes its output shape and size.

    The lists of layer types are in core/networks/layers.py. The module of the same name in models/networks builds
    the layer.
    """

    @abstractmethod
    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add a row for each Keras layer that is built for this spec, in the order they are built.

        Args:
            table: Its `shape` is that of the layer's input.
            place: Place of the layer in the spec, for error messages.

        Raises:
            InvalidSpec: If the layer cannot take an input of this shape.
        """

    def write_down(self) -> dict[str, Any]:
        """Return the JSON of the layer: its type and all values that are not defaults."""
        return self.model_dump(include={"type"}) | self.model_dump(mode="json", exclude_defaults=True)


def tabulate_stack(table: LayerTable, start: Shape, layers: Iterable[BaseLayer], place: LayerPlace) -> Shape:
    """Add the rows of consecutive layers, starting from an input shape.

    Returns:
        The output shape of the last layer.
    """
    table.shape = start
    for number, layer in enumerate(layers):
        layer.tabulate(table, place.layer(number))
    return table.shape


def write_layers(layers: Iterable[BaseLayer]) -> list[dict[str, Any]]:
    """Return the JSON of layers: for each its type and all values that are not defaults."""
    return [layer.write_down() for layer in layers]


BatchNormalizationPosition = Literal["before_activation", "after_activation"]


class BatchNormalization(SpecModel):
    """Normalises a layer's values over the batch (Ioffe and Szegedy, 2015)."""

    position: BatchNormalizationPosition = "before_activation"
    momentum: Annotated[Fraction, Field(examples=[0.9])] = 0.99
    epsilon: PositiveFloat = 0.001
    center: Bool = True
    scale: Bool = True

    def tabulate(self, table: LayerTable) -> None:
        """Add the row of BatchNormalization: a scale, an offset, a moving mean and a moving variance per channel."""
        names = ["gamma"] * self.scale + ["beta"] * self.center + ["moving_mean", "moving_variance"]
        table.add("BatchNormalization", table.shape, dict.fromkeys(names, table.shape[-1:]), 4 * prod(table.shape))


def _position_alone(value: Any) -> Any:
    return {"position": value} if isinstance(value, str) else value


MaybeBatchNormalization = Annotated[
    BatchNormalization | None,
    BeforeValidator(_position_alone, json_schema_input_type=BatchNormalizationPosition | BatchNormalization | None),
]


class WeightedLayer(BaseLayer):
    """Base class of dense and convolutional layers, with the options that they share.

    The order within a layer is: weights → [batch normalisation] → activation → [batch normalisation] → [pooling] →
    dropout.
    """

    activation: Activation = "linear"
    use_bias: Bool = True
    kernel_initializer: Initializer = plain("glorot_uniform")
    bias_initializer: BiasInitializer = plain("zeros")
    kernel_regularizer: Regularizer | None = None
    bias_regularizer: Regularizer | None = None
    batch_normalization: MaybeBatchNormalization = None
    """Batch normalisation, `before_activation` or `after_activation`; null for none."""
    dropout: Fraction = 0.0
    """Fraction of the layer's outputs set to zero during training; applied after activation and pooling."""

    @property
    def normalizes_first(self) -> bool:
        """True if batch normalisation precedes the activation, which is then a separate layer."""
        return self.batch_normalization is not None and self.batch_normalization.position == "before_activation"

    def weights(self, kernel: Shape) -> dict[str, Shape]:
        """Return the shapes of the layer's weights, by name."""
        return {"kernel": kernel} | ({"bias": kernel[-1:]} if self.use_bias else {})

    def tabulate_normalization(self, table: LayerTable) -> None:
        """Add the row of batch normalisation, and that of the activation if it is a separate layer."""
        if self.batch_normalization is not None:
            self.batch_normalization.tabulate(table)
        if self.normalizes_first:
            table.add_elementwise("Activation")

    def tabulate_dropout(self, table: LayerTable) -> None:
        """Add the row of Dropout, if there is dropout."""
        if self.dropout:
            table.add("Dropout", table.shape)


class DropoutLayer(BaseLayer):
    """Dropout as a separate layer, for example on the inputs."""

    type: Literal["dropout"]
    rate: Annotated[Fraction, Field(examples=[0.5])]

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:  # noqa: ARG002 - it takes any shape.
        """Add the row of Dropout, which keeps the shape."""
        table.add("Dropout", table.shape)
