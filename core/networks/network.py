"""The kinds of network a spec can describe."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.dense import DenseLayer
from core.networks.families.alexnet import AlexNet
from core.networks.families.googlenet import GoogLeNet
from core.networks.families.resnet import ResNet
from core.networks.families.vgg import Vgg
from core.networks.layer import Activation
from core.networks.layers import CnnLayer, LayerSpec, MlpLayer, RnnLayer
from core.networks.recurrent import RecurrentLayer
from core.specs.base import Bool, Fraction, PositiveInt, SpecModel, at_most
from core.specs.initializers import Initializer, Orthogonal, plain

MAX_LAYERS = 1000
"""Of one network, those within blocks included."""

MAX_BLOCK_DEPTH = 4
"""Blocks within one another."""


def _typed(default_type: str) -> BeforeValidator:
    """Let layers of a network's usual type leave `type` out."""

    def fill_in(layers: Any) -> Any:
        if not isinstance(layers, list | tuple):
            return layers
        return [{"type": default_type, **layer} if isinstance(layer, dict) else layer for layer in layers]

    return BeforeValidator(fill_in)


def _check_blocks(layers: Any) -> Any:
    """Refuse what is too many or too deep before layers are looked at, level by level."""
    num_layers, level = 0, [layers]
    for _ in range(MAX_BLOCK_DEPTH + 1):
        here = [layer for stack in level if isinstance(stack, list | tuple) for layer in stack]
        num_layers += len(here)
        if num_layers > MAX_LAYERS:
            raise ValueError(f"A network may have at most {MAX_LAYERS} layers, those within blocks included; use fewer")
        level = [stack for layer in here for stack in _list_stacks(layer)]
        if not level:
            return layers
    raise ValueError(f"Blocks may stand within one another up to {MAX_BLOCK_DEPTH} deep; take the innermost out")


def _list_stacks(layer: Any) -> list[Any]:
    """The lists of layers within a block, whether it is JSON or a spec already; none within other layers."""
    if isinstance(layer, ParallelBlock):
        return [*layer.branches]
    if isinstance(layer, ResidualBlock):
        return [layer.layers, layer.shortcut]
    if not isinstance(layer, dict):
        return []
    branches = layer.get("branches", ())
    stacks = [*branches] if isinstance(branches, list | tuple) else []
    return stacks + [layer[field] for field in ("layers", "shortcut") if field in layer]


class MlpNetwork(SpecModel):
    """A multilayer perceptron. Inputs of more than one axis are flattened first; the last layer is the output."""

    kind: Literal["mlp"]
    layers: Annotated[
        tuple[MlpLayer, ...], Field(min_length=1, max_length=MAX_LAYERS), _typed("dense"), at_most(MAX_LAYERS)
    ]


class CnnNetwork(SpecModel):
    """A convolutional network over images; a dense layer flattens what reaches it.

    Among its layers there may be blocks of layers, `parallel` and `residual`, and blocks within them.
    """

    kind: Literal["cnn"]
    layers: Annotated[
        tuple[CnnLayer, ...],
        Field(min_length=1, max_length=MAX_LAYERS),
        BeforeValidator(_check_blocks),
        at_most(MAX_LAYERS),
    ]


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


CnnFamilyNetwork = Annotated[AlexNet | Vgg | GoogLeNet | ResNet, Field(discriminator="family")]

Network = Annotated[
    MlpNetwork | CnnNetwork | RnnNetwork | BinaryAdderNetwork | CnnFamilyNetwork,
    Field(discriminator="kind"),
]


def expand_network(network: Network) -> dict[str, Any] | None:
    """An adder or a named family as a model written layer by layer, to be copied and changed; None for other networks.

    Returns:
        JSON for the field `model` of a spec. It describes the same network; what layers have by default is left out.
    """
    kinds = {"binary_adder": "rnn", "cnn_family": "cnn"}
    if network.kind not in kinds:
        return None
    return {"kind": kinds[network.kind], "layers": _write_down(network.layers)}


def _write_down(layers: Sequence[LayerSpec]) -> list[dict[str, Any]]:
    """JSON of layers, each with its type and what differs from the defaults."""
    written = []
    for layer in layers:
        value = {"type": layer.type, **layer.model_dump(mode="json", exclude_defaults=True)}
        if isinstance(layer, ParallelBlock):
            value["branches"] = [_write_down(branch) for branch in layer.branches]
        if isinstance(layer, ResidualBlock):
            value |= {"layers": _write_down(layer.layers), "shortcut": _write_down(layer.shortcut)}
        written.append(value)
    return written
