"""The four kinds of network a spec can describe."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.specs.base import Bool, Fraction, PositiveInt, SpecModel, at_most
from core.specs.initializers import Initializer, Orthogonal, plain
from core.specs.layers import Activation, CnnLayer, DenseLayer, LayerSpec, MlpLayer, RecurrentLayer, RnnLayer

MAX_LAYERS = 1000


def _typed(default_type: str) -> BeforeValidator:
    """Let layers of a network's usual type leave `type` out."""

    def fill_in(layers: Any) -> Any:
        if not isinstance(layers, list | tuple):
            return layers
        return [{"type": default_type, **layer} if isinstance(layer, dict) else layer for layer in layers]

    return BeforeValidator(fill_in)


class MlpNetwork(SpecModel):
    """A multilayer perceptron. Inputs of more than one axis are flattened first; the last layer is the output."""

    kind: Literal["mlp"]
    layers: Annotated[
        tuple[MlpLayer, ...], Field(min_length=1, max_length=MAX_LAYERS), _typed("dense"), at_most(MAX_LAYERS)
    ]


class CnnNetwork(SpecModel):
    """A convolutional network over images; a dense layer flattens what reaches it."""

    kind: Literal["cnn"]
    layers: Annotated[tuple[CnnLayer, ...], Field(min_length=1, max_length=MAX_LAYERS), at_most(MAX_LAYERS)]


class RnnNetwork(SpecModel):
    """A recurrent network over sequences.

    Every recurrent layer but the last must return sequences; whether the last does makes the network
    sequence-to-sequence or sequence-to-one.
    """

    kind: Literal["rnn"]
    layers: Annotated[tuple[RnnLayer, ...], Field(min_length=1, max_length=MAX_LAYERS), at_most(MAX_LAYERS)]


class BinaryAdderNetwork(SpecModel):
    """A recurrent layer that reads two numbers bit by bit, least significant first, and a sigmoid for each sum bit."""

    kind: Literal["binary_adder"]
    cell: Literal["simple_rnn", "lstm", "gru"] = "simple_rnn"
    units: PositiveInt = 16
    activation: Activation = "relu"
    recurrent_activation: Activation = "sigmoid"
    kernel_initializer: Initializer = plain("glorot_uniform")
    recurrent_initializer: Initializer = Orthogonal(name="orthogonal")
    dropout: Fraction = 0.0
    recurrent_dropout: Fraction = 0.0
    unroll: Bool = False

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """The same network in the terms of `RnnNetwork`."""
        recurrent = RecurrentLayer(
            cell=self.cell,
            units=self.units,
            activation=self.activation,
            recurrent_activation=self.recurrent_activation,
            kernel_initializer=self.kernel_initializer,
            recurrent_initializer=self.recurrent_initializer,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            unroll=self.unroll,
            return_sequences=True,
        )
        return (recurrent, DenseLayer(units=1, activation="sigmoid"))


Network = Annotated[
    MlpNetwork | CnnNetwork | RnnNetwork | BinaryAdderNetwork,
    Field(discriminator="kind"),
]
