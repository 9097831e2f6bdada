"""The layers that networks are made of, by Keras's names and defaults."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from core.specs.base import Bool, Fraction, Int, PositiveFloat, PositiveInt, SpecModel, at_most
from core.specs.initializers import BiasInitializer, Initializer, Orthogonal, Regularizer, plain

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

Padding = Literal["valid", "same"]


def _twice(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    raise PydanticCustomError("pair_type", "Input should be a whole number or a list of two")


IntPair = Annotated[
    tuple[PositiveInt, PositiveInt], BeforeValidator(_twice, json_schema_input_type=int | tuple[int, int])
]
"""Height and width; one number stands for both."""

MAX_ZEROS = 64

MAX_BRANCHES = 32


def _padding_twice(value: Any) -> Any:
    if isinstance(value, list | tuple | int) and not isinstance(value, bool):
        return _twice(value)
    raise PydanticCustomError("padding_type", "Input should be 'valid', 'same', a whole number or a list of two")


def _padding_form(value: Any) -> str:
    return "name" if isinstance(value, str) else "zeros"


_Zeros = Annotated[Int, Field(ge=0, le=MAX_ZEROS)]

_ZeroPadding = Annotated[
    tuple[_Zeros, _Zeros], BeforeValidator(_padding_twice, json_schema_input_type=_Zeros | tuple[_Zeros, _Zeros])
]

ConvolutionPadding = Annotated[
    Annotated[Padding, Tag("name")] | Annotated[_ZeroPadding, Tag("zeros")], Discriminator(_padding_form)
]
"""`valid` or `same`, or how many rows of zeros stand above and below and how many columns left and right."""


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


class DenseLayer(WeightedLayer):
    """Fully connected; in a recurrent network it works on each time step that reaches it."""

    type: Literal["dense"] = "dense"
    units: PositiveInt


class Pooling(SpecModel):
    """Pooling that follows a convolution."""

    kind: Literal["max", "average"] = "max"
    pool_size: IntPair = (2, 2)
    strides: IntPair | None = None
    """Null: the same as `pool_size`."""
    padding: Padding = "valid"


class Conv2DLayer(WeightedLayer):
    """Convolution over an image, and the pooling after it."""

    type: Literal["conv2d"]
    filters: PositiveInt
    kernel_size: IntPair
    strides: IntPair = (1, 1)
    padding: ConvolutionPadding = "valid"
    """`valid`, `same`, or zeros on every side: one number, or one above and below and one left and right."""
    dilation_rate: IntPair = (1, 1)
    groups: PositiveInt = 1
    pooling: Pooling | None = None


class Pooling2DLayer(Pooling):
    """Pooling on its own."""

    type: Literal["pooling2d"]


class GlobalPooling2DLayer(SpecModel):
    """One number per channel: the greatest or the mean over the whole image."""

    type: Literal["global_pooling2d"]
    kind: Literal["max", "average"] = "average"


class FlattenLayer(SpecModel):
    """Image to vector. A dense layer after a convolution flattens by itself; this says so."""

    type: Literal["flatten"]


class DropoutLayer(SpecModel):
    """Dropout on its own, such as on the inputs."""

    type: Literal["dropout"]
    rate: Fraction


class RecurrentLayer(SpecModel):
    """SimpleRNN, LSTM or GRU over the time steps of a sequence."""

    type: Literal["recurrent"] = "recurrent"
    cell: Literal["simple_rnn", "lstm", "gru"]
    units: PositiveInt
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    """Of the gates of LSTM and GRU; SimpleRNN has none."""
    use_bias: Bool = True
    kernel_initializer: Initializer = plain("glorot_uniform")
    recurrent_initializer: Initializer = Orthogonal(name="orthogonal")
    bias_initializer: BiasInitializer = plain("zeros")
    kernel_regularizer: Regularizer | None = None
    recurrent_regularizer: Regularizer | None = None
    bias_regularizer: Regularizer | None = None
    unit_forget_bias: Bool = True
    """LSTM only: starts the forget gate's bias at 1 (Jozefowicz et al., 2015)."""
    reset_after: Bool = True
    """GRU only: the reset gate works after the matrix product."""
    return_sequences: Bool = False
    """An output for each time step instead of the last one's alone."""
    dropout: Fraction = 0.0
    recurrent_dropout: Fraction = 0.0
    unroll: Bool = False
    go_backwards: Bool = False
    bidirectional: Bool = False
    merge_mode: Literal["sum", "mul", "concat", "ave"] = "concat"
    """How a bidirectional layer joins its two directions."""


class ParallelBlock(SpecModel):
    """Branches that read the same input; what they answer is put together along the channels (`Concatenate`)."""

    type: Literal["parallel"]
    branches: Annotated[
        tuple[tuple["CnnLayer", ...], ...], Field(min_length=2, max_length=MAX_BRANCHES), at_most(MAX_BRANCHES)
    ]
    """Each a list of layers; an empty one passes its input on."""


class ResidualBlock(SpecModel):
    """Layers whose answer is added to what reaches them (He et al., 2015)."""

    type: Literal["residual"]
    layers: Annotated[tuple["CnnLayer", ...], Field(min_length=1)]
    shortcut: tuple["CnnLayer", ...] = ()
    """The way around; empty passes the input on. It has to answer in the same shape as `layers`."""
    activation: Activation = "relu"
    """Of the sum."""


MlpLayer = Annotated[DenseLayer | DropoutLayer, Field(discriminator="type")]

CnnLayer = Annotated[
    Conv2DLayer
    | Pooling2DLayer
    | GlobalPooling2DLayer
    | FlattenLayer
    | DenseLayer
    | DropoutLayer
    | ParallelBlock
    | ResidualBlock,
    Field(discriminator="type"),
]

RnnLayer = Annotated[RecurrentLayer | DenseLayer | DropoutLayer, Field(discriminator="type")]

ParallelBlock.model_rebuild()

ResidualBlock.model_rebuild()

LayerSpec = (
    DenseLayer
    | Conv2DLayer
    | Pooling2DLayer
    | GlobalPooling2DLayer
    | FlattenLayer
    | DropoutLayer
    | RecurrentLayer
    | ParallelBlock
    | ResidualBlock
)
