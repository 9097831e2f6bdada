"""Networks that a spec can describe, and their layer table."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from typing_extensions import TypeAliasType

from core.datasets.shape import EmbeddingTable
from core.networks.base import BaseNetwork, ImageNetwork, SequenceNetwork
from core.networks.blocks import MAX_LAYERS, check_blocks
from core.networks.dense import DenseLayer
from core.networks.embedding import reject_embeddings, tabulate_embeddings
from core.networks.families.alexnet import AlexNet
from core.networks.families.googlenet import GoogLeNet
from core.networks.families.resnet import ResNet
from core.networks.families.vgg import Vgg
from core.networks.layer import Activation, tabulate_stack, write_layers
from core.networks.layer_table import LayerPlace, LayerRow, LayerTable, Shape
from core.networks.layers import CnnLayer, LayerSpec, MlpLayer, RnnLayer
from core.networks.recurrent import Cell, RecurrentLayer
from core.specs.base import Bool, Fraction, PositiveInt, at_most
from core.specs.initializers import Initializer, Orthogonal, plain


def _typed(default_type: str) -> BeforeValidator:
    """Make `type` optional for a network's usual type of layer."""

    def fill_in(layers: Any) -> Any:
        if not isinstance(layers, list | tuple):
            return layers
        return [{"type": default_type, **layer} if isinstance(layer, dict) else layer for layer in layers]

    return BeforeValidator(fill_in)


class MlpNetwork(BaseNetwork):
    """Multilayer perceptron. Inputs with more than one axis are flattened first; the last layer is the output."""

    kind: Literal["mlp"]
    layers: Annotated[
        tuple[MlpLayer, ...], Field(min_length=1, max_length=MAX_LAYERS), _typed("dense"), at_most(MAX_LAYERS)
    ]

    def tabulate_input(self, table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
        """Add the rows of the embedding layers, and of Flatten if samples have more than one axis."""
        if embeddings:
            tabulate_embeddings(table, embeddings)
        if len(table.shape) > 1:
            table.flatten()


class CnnNetwork(ImageNetwork):
    """Convolutional network over images; a dense layer flattens its input.

    Its layers may include blocks of layers, `parallel` and `residual`, which may be nested.
    """

    kind: Literal["cnn"]
    layers: Annotated[
        tuple[CnnLayer, ...],
        Field(min_length=1, max_length=MAX_LAYERS),
        BeforeValidator(check_blocks),
        at_most(MAX_LAYERS),
    ]


class RnnNetwork(SequenceNetwork):
    """Recurrent network over sequences.

    Every recurrent layer but the last must return sequences. The network is sequence-to-sequence if the last one does
    too, else sequence-to-one.
    """

    kind: Literal["rnn"]
    layers: Annotated[tuple[RnnLayer, ...], Field(min_length=1, max_length=MAX_LAYERS), at_most(MAX_LAYERS)]


class BinaryAdderNetwork(SequenceNetwork):
    """Recurrent layer that reads two numbers bit by bit, least significant first, and a sigmoid for each sum bit."""

    expands_to = "rnn"

    kind: Literal["binary_adder"]
    cell: Cell = "simple_rnn"
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
        """Layers of the equivalent `RnnNetwork`."""
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

    def tabulate_input(self, table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
        """Add nothing: the first layer reads the bits."""
        if embeddings:
            reject_embeddings()
        super().tabulate_input(table, embeddings)


CnnFamilyNetwork = TypeAliasType(
    "CnnFamilyNetwork",
    Annotated[
        AlexNet | Vgg | GoogLeNet | ResNet,
        Field(discriminator="family", description="Convolutional network of a named architecture."),
    ],
)
"""A named architecture. As a named type it is a definition of its own in the JSON Schema: a discriminator maps each
value to one definition (OpenAPI 3.1 section 4.8.25), here `cnn_family` to this."""

Network = Annotated[
    MlpNetwork | CnnNetwork | RnnNetwork | BinaryAdderNetwork | CnnFamilyNetwork,
    Field(discriminator="kind"),
]


def tabulate_layers(
    network: Network, input_shape: Shape, embeddings: Sequence[EmbeddingTable] = ()
) -> tuple[LayerRow, ...]:
    """Compute the output shape and the size of each layer.

    Args:
        network: Network of a spec.
        input_shape: Shape of one sample at the network's input, without the batch axis.
        embeddings: Embeddings of the dataset's categorical columns.

    Raises:
        InvalidSpec: If a layer cannot take its input; the error names the layer and the reason.
    """
    table = LayerTable(input_shape)
    network.tabulate_input(table, embeddings)
    # The layers of an adder or a named family are not in the spec, but they always fit one another.
    tabulate_stack(table, table.shape, network.layers, LayerPlace("", "/model/layers"))
    return tuple(table.rows)


def expand_network(network: Network) -> dict[str, Any] | None:
    """Return an adder or a named family as a model with a list of layers, to be copied and changed.

    Returns:
        JSON for the field `model` of a spec that describes the same network, without default values.
        None for networks that already have a list of layers.
    """
    if network.expands_to is None:
        return None
    return {"kind": network.expands_to, "layers": write_layers(network.layers)}
