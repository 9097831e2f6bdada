"""Base class of layer specs, and the parts that several layers share."""

from abc import abstractmethod
from collections.abc import Iterable
from math import prod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from core.networks.table import LayerPlace, LayerTable, Shape
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
    """Base class of layer specs. Each says by a field `type` which layer it is, and by `tabulate` how large.

    The lists of layer types are in core/networks/layers.py; models/networks has a module of the same name for each
    module here, which builds the layer.
    """

    @abstractmethod
    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add a row for each Keras layer that is built for this spec, in the order in which it is built.

        Args:
            table: Its `shape` is what reaches the layer.
            place: Of the layer in the spec, to say what is wrong with it.

        Raises:
            InvalidSpec: If the layer cannot take the shape that reaches it.
        """

    def write_down(self) -> dict[str, Any]:
        """Return the JSON of the layer: its type, and what differs from the defaults."""
        return self.model_dump(include={"type"}) | self.model_dump(mode="json", exclude_defaults=True)


def tabulate_stack(table: LayerTable, start: Shape, layers: Iterable[BaseLayer], place: LayerPlace) -> Shape:
    """Add the rows of layers that follow one another, from a shape on.

    Returns:
        The shape they end in.
    """
    table.shape = start
    for number, layer in enumerate(layers):
        layer.tabulate(table, place.layer(number))
    return table.shape


def write_layers(layers: Iterable[BaseLayer]) -> list[dict[str, Any]]:
    """Return the JSON of layers: of each its type, and what differs from the defaults."""
    return [layer.write_down() for layer in layers]


class BatchNormalization(SpecModel):
    """Normalises a layer's values over the batch (Ioffe and Szegedy, 2015)."""

    position: Literal["before_activation", "after_activation"] = "before_activation"
    momentum: Fraction = 0.99
    epsilon: PositiveFloat = 0.001
    center: Bool = True
    scale: Bool = True

    def tabulate(self, table: LayerTable) -> None:
        """Add the row of the normalisation: for each channel a scale, an offset, and the moving mean and variance."""
        names = ["gamma"] * self.scale + ["beta"] * self.center + ["moving_mean", "moving_variance"]
        table.add("BatchNormalization", table.shape, dict.fromkeys(names, table.shape[-1:]), 4 * prod(table.shape))


def _position_alone(value: Any) -> Any:
    return {"position": value} if isinstance(value, str) else value


MaybeBatchNormalization = Annotated[
    BatchNormalization | None,
    BeforeValidator(_position_alone, json_schema_input_type=str | BatchNormalization | None),
]


class WeightedLayer(BaseLayer):
    """Fields that dense and convolutional layers share, and the layers that they carry behind their weights.

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
    """Share of the layer's outputs set to zero in training; after activation and pooling."""

    @property
    def normalizes_first(self) -> bool:
        """True where batch normalisation stands before the activation, which is then a layer of its own."""
        return self.batch_normalization is not None and self.batch_normalization.position == "before_activation"

    def weights(self, kernel: Shape) -> dict[str, Shape]:
        """Return the shapes of the layer's weights, by name."""
        return {"kernel": kernel} | ({"bias": kernel[-1:]} if self.use_bias else {})

    def tabulate_normalization(self, table: LayerTable) -> None:
        """Add the rows of batch normalisation, and of the activation where that comes after it."""
        if self.batch_normalization is not None:
            self.batch_normalization.tabulate(table)
        if self.normalizes_first:
            table.add_elementwise("Activation")

    def tabulate_dropout(self, table: LayerTable) -> None:
        """Add the row of the dropout, if there is any."""
        if self.dropout:
            table.add("Dropout", table.shape)


class DropoutLayer(BaseLayer):
    """Dropout on its own, such as on the inputs."""

    type: Literal["dropout"]
    rate: Fraction

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:  # noqa: ARG002 - it takes any shape.
        """Add the row of a Dropout layer, which keeps the shape."""
        table.add("Dropout", table.shape)
