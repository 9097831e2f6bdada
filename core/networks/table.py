"""The layers a network will have, with their output shapes and sizes: shape inference without Keras.

The API checks a spec with this before it is queued; a test holds every row against Keras itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod

from core.datasets.shape import EmbeddingTable
from core.errors import reject_spec
from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer, FlattenLayer
from core.networks.layer import BatchNormalization, DropoutLayer
from core.networks.layers import LayerSpec
from core.networks.network import Network
from core.networks.pooling import GlobalPooling2DLayer, Pooling, Pooling2DLayer
from core.networks.recurrent import RecurrentLayer
from core.networks.window import Padding

Shape = tuple[int, ...]

GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}

IMAGE_RANK = 3

SEQUENCE_RANK = 2

MAX_UNROLLED_STEPS = 1000
"""An unrolled layer is a copy of itself for each time step; a longer one takes its trainer's memory and minutes."""

MAX_CHANNELS = 2**31 - 1
"""As many as a layer may have units. Branches within branches could multiply them without end."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of a network.

    Attributes:
        name: Its type, numbered in order, such as `dense_2`.
        type: Keras's name of the layer's class.
        output_shape: Sizes of one sample's output, batch axis left out.
        num_parameters: Weights, those that are not trained included.
        flops: Floating-point operations for one sample's forward pass, a multiply-add counted as two.
        weights: The shape of each array of weights, by Keras's name and in Keras's order; those of a bidirectional
            layer with `forward_` or `backward_` in front.
    """

    name: str
    type: str
    output_shape: Shape
    num_parameters: int
    flops: int
    weights: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a layer stands, or a list of layers: in words, and as a pointer into the spec."""

    words: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.words[:1].upper()}{self.words[1:]}"

    def layer(self, number: int) -> "_Place":
        """A layer of this list."""
        words = f"layer {number} in {self.words}" if self.words else f"layer {number}"
        return _Place(words, self.at(str(number)))

    def inside(self, words: str, field: str) -> "_Place":
        """What a layer carries, or a list of layers of this block."""
        return _Place(f"{words} of {self.words}", self.at(field))

    def at(self, field: str) -> str:
        """The pointer to a field of this layer."""
        return f"{self.pointer}/{field}"


class _Table:
    """Rows collected so far, and the shape that reaches the next layer."""

    def __init__(self, input_shape: Shape) -> None:
        self.rows: list[LayerRow] = []
        self.shape = input_shape
        self._numbers: Counter[str] = Counter()

    def add(
        self, layer_type: str, output_shape: Shape, weights: Mapping[str, Shape] | None = None, flops: int = 0
    ) -> None:
        self._numbers[layer_type] += 1
        name = f"{_snake(layer_type)}_{self._numbers[layer_type]}"
        weights = weights or {}
        num_parameters = sum(prod(shape) for shape in weights.values())
        self.rows.append(LayerRow(name, layer_type, output_shape, num_parameters, flops, weights))
        self.shape = output_shape


def tabulate_layers(
    network: Network, input_shape: Shape, embeddings: Sequence[EmbeddingTable] = ()
) -> tuple[LayerRow, ...]:
    """Work out each layer's output shape and size.

    Args:
        network: What the spec describes.
        input_shape: One sample as it reaches the network, batch axis left out.
        embeddings: Of the dataset's columns of categories.

    Raises:
        InvalidSpec: Where a layer can not take what reaches it, saying which and why.
    """
    table = _Table(input_shape)
    if network.kind in {"mlp", "rnn"}:
        _add_embeddings(table, input_shape, embeddings)
    elif embeddings:
        reject_spec("/model/kind", "Columns with embeddings are read by the kinds 'mlp' and 'rnn'.")
    if network.kind == "mlp" and len(input_shape) > 1:
        table.add("Flatten", (prod(table.shape),))
    if network.kind in {"cnn", "cnn_family"}:
        _check_image_input(table, input_shape)
    if network.kind in {"rnn", "binary_adder"} and len(input_shape) != SEQUENCE_RANK:
        reject_spec(
            "/model/kind",
            f"A recurrent network reads sequences (steps, features); this dataset's samples have shape {input_shape}. "
            "Choose a dataset of sequences or images, or the kind 'mlp'.",
        )
    # The layers that an adder or a named family stands for are not in the spec, but they fit one another by design.
    _add_stack(table, table.shape, network.layers, _Place("", "/model/layers"))
    return tuple(table.rows)


def _add_embeddings(table: _Table, input_shape: Shape, embeddings: Sequence[EmbeddingTable]) -> None:
    if not embeddings:
        return
    *steps, width = input_shape
    crop = "Cropping2D" if steps else "Cropping1D"
    num_others = width - sum(one.num_columns for one in embeddings)
    num_vectors = sum(one.num_columns * one.dim for one in embeddings)
    table.add("Reshape", (*input_shape, 1))
    if num_others:
        table.add(crop, (*steps, num_others, 1))
        table.add("Reshape", (*steps, num_others))
    for one in embeddings:
        table.add(crop, (*steps, one.num_columns, 1))
        table.add("Reshape", (*steps, one.num_columns))
        table.add("Embedding", (*steps, one.num_columns, one.dim), {"embeddings": (one.num_rows, one.dim)})
        table.add("Reshape", (*steps, one.num_columns * one.dim))
    if num_others or len(embeddings) > 1:
        table.add("Concatenate", (*steps, num_others + num_vectors))


def _check_image_input(table: _Table, input_shape: Shape) -> None:
    if len(input_shape) == IMAGE_RANK - 1:
        table.add("Reshape", (*input_shape, 1))
    elif len(input_shape) != IMAGE_RANK:
        reject_spec(
            "/model/kind",
            f"A convolutional network reads images (height, width); this dataset's samples have shape {input_shape}. "
            "Choose a dataset of images, or the kind 'mlp'.",
        )


def _add_stack(table: _Table, start: Shape, layers: Sequence[LayerSpec], place: _Place) -> Shape:
    """Rows of layers that follow one another from a shape on; the shape they end in."""
    table.shape = start
    for number, layer in enumerate(layers):
        _add_layer(table, layer, place.layer(number))
    return table.shape


def _add_layer(table: _Table, layer: LayerSpec, place: _Place) -> None:
    match layer:
        case DenseLayer():
            _add_dense(table, layer, place)
        case Conv2DLayer():
            _add_convolution(table, layer, place)
        case Pooling2DLayer():
            _need_image(table, place, "pools")
            _add_pooling(table, layer, place)
        case GlobalPooling2DLayer():
            _need_image(table, place, "pools")
            name = "GlobalMaxPooling2D" if layer.kind == "max" else "GlobalAveragePooling2D"
            table.add(name, table.shape[-1:], flops=prod(table.shape))
        case FlattenLayer():
            table.add("Flatten", (prod(table.shape),))
        case DropoutLayer():
            table.add("Dropout", table.shape)
        case RecurrentLayer():
            _add_recurrent(table, layer, place)
        case ParallelBlock():
            _add_parallel(table, layer, place)
        case ResidualBlock():
            _add_residual(table, layer, place)


def _add_dense(table: _Table, layer: DenseLayer, place: _Place) -> None:
    if len(table.shape) == IMAGE_RANK:
        table.add("Flatten", (prod(table.shape),))
    width = table.shape[-1]
    output_shape = (*table.shape[:-1], layer.units)
    weights = _weights((width, layer.units), layer)
    table.add("Dense", output_shape, weights, 2 * width * prod(output_shape))
    _add_after(table, layer, place)


def _add_convolution(table: _Table, layer: Conv2DLayer, place: _Place) -> None:
    _need_image(table, place, "convolves")
    channels = table.shape[-1]
    if channels % layer.groups or layer.filters % layer.groups:
        reject_spec(
            place.at("groups"),
            f"{place}: groups ({layer.groups}) must divide both the {channels} channels that reach the layer "
            f"and its {layer.filters} filters.",
        )
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        reject_spec(place.at("dilation_rate"), f"{place}: strides and dilation_rate can not both be above 1.")
    padding = _add_zeros(table, layer)
    sizes = tuple(
        _slide(size, dilation * (kernel - 1) + 1, stride, padding)
        for size, kernel, stride, dilation in zip(
            table.shape[:2], layer.kernel_size, layer.strides, layer.dilation_rate, strict=True
        )
    )
    if min(sizes) < 1:
        spread = f" with dilation_rate {_by(layer.dilation_rate)}" if max(layer.dilation_rate) > 1 else ""
        reject_spec(
            place.at("kernel_size"),
            f"{place} (conv2d): a {_by(layer.kernel_size)} kernel{spread} does not fit into the "
            f"{_by(table.shape[:2])} image that reaches it. Use a smaller kernel, fewer pooling layers before it, or "
            "padding 'same'.",
        )
    kernel = (*layer.kernel_size, channels // layer.groups, layer.filters)
    output_shape = (*sizes, layer.filters)
    table.add("Conv2D", output_shape, _weights(kernel, layer), 2 * prod(kernel) * prod(sizes))
    _add_after(table, layer, place)


def _weights(kernel: Shape, layer: DenseLayer | Conv2DLayer) -> dict[str, Shape]:
    return {"kernel": kernel} | ({"bias": kernel[-1:]} if layer.use_bias else {})


def _add_zeros(table: _Table, layer: Conv2DLayer) -> Padding:
    """A row for the zeros around the image, where a number of them is given; the padding of the convolution itself."""
    if isinstance(layer.padding, str):
        return layer.padding
    above, left = layer.padding
    if above or left:
        height, width, channels = table.shape
        table.add("ZeroPadding2D", (height + 2 * above, width + 2 * left, channels))
    return "valid"


def _add_after(table: _Table, layer: DenseLayer | Conv2DLayer, place: _Place) -> None:
    """What a layer carries: normalisation, activation, pooling, dropout, in this order."""
    normalization = layer.batch_normalization
    if normalization is not None and normalization.position == "before_activation":
        _add_normalization(table, normalization)
        table.add("Activation", table.shape, flops=prod(table.shape))
    elif normalization is not None:
        _add_normalization(table, normalization)
    if isinstance(layer, Conv2DLayer) and layer.pooling is not None:
        _add_pooling(table, layer.pooling, place.inside("the pooling", "pooling"))
    if layer.dropout:
        table.add("Dropout", table.shape)


def _add_normalization(table: _Table, normalization: BatchNormalization) -> None:
    names = ["gamma"] * normalization.scale + ["beta"] * normalization.center + ["moving_mean", "moving_variance"]
    table.add("BatchNormalization", table.shape, dict.fromkeys(names, table.shape[-1:]), 4 * prod(table.shape))


def _add_pooling(table: _Table, pooling: Pooling, place: _Place) -> None:
    strides = pooling.strides or pooling.pool_size
    sizes = tuple(
        _slide(size, pool, stride, pooling.padding)
        for size, pool, stride in zip(table.shape[:2], pooling.pool_size, strides, strict=True)
    )
    if min(sizes) < 1:
        reject_spec(
            place.at("pool_size"),
            f"{place}: a {_by(pooling.pool_size)} pool does not fit into the {_by(table.shape[:2])} image "
            "that reaches it. Pool less, or use padding 'same'.",
        )
    name = "MaxPooling2D" if pooling.kind == "max" else "AveragePooling2D"
    table.add(name, (*sizes, table.shape[-1]), flops=prod(sizes) * table.shape[-1] * prod(pooling.pool_size))


def _add_recurrent(table: _Table, layer: RecurrentLayer, place: _Place) -> None:
    if len(table.shape) != SEQUENCE_RANK:
        reject_spec(
            place.pointer,
            f"{place} ({layer.cell}) reads a sequence (steps, features), but {table.shape} reaches it. "
            "Set return_sequences to true on the recurrent layer before it.",
        )
    steps, features = table.shape
    if layer.unroll and steps > MAX_UNROLLED_STEPS:
        reject_spec(
            place.at("unroll"),
            f"{place} ({layer.cell}) can unroll {MAX_UNROLLED_STEPS:,} time steps at most; {steps:,} reach it. "
            "Leave unroll false, or use a shorter window.",
        )
    gates = GATES[layer.cell]
    gated = gates * layer.units
    weights: dict[str, Shape] = {"kernel": (features, gated), "recurrent_kernel": (layer.units, gated)}
    if layer.use_bias:
        # A GRU with reset_after keeps separate biases for inputs and state.
        weights["bias"] = (2, gated) if layer.cell == "gru" and layer.reset_after else (gated,)
    if layer.bidirectional:
        weights = {f"{way}_{name}": shape for way in ("forward", "backward") for name, shape in weights.items()}
    directions = 2 if layer.bidirectional else 1
    width = layer.units * (2 if layer.bidirectional and layer.merge_mode == "concat" else 1)
    class_name = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[layer.cell]
    table.add(
        "Bidirectional" if layer.bidirectional else class_name,
        (steps, width) if layer.return_sequences else (width,),
        weights,
        directions * steps * 2 * gated * (features + layer.units),
    )


def _add_parallel(table: _Table, block: ParallelBlock, place: _Place) -> None:
    start = table.shape
    ends: list[Shape] = []
    for number, branch in enumerate(block.branches):
        branch_place = place.inside(f"branch {number}", f"branches/{number}")
        end = _add_stack(table, start, branch, branch_place)
        ends.append(end)
        if len(end) != len(ends[0]) or end[:-1] != ends[0][:-1]:
            reject_spec(
                branch_place.pointer,
                f"{place}: branch {number} answers in shape {end}, branch 0 in {ends[0]}; only their channels, the "
                "last number, may differ. Use padding 'same' and equal strides in all branches.",
            )
    num_channels = sum(end[-1] for end in ends)
    if num_channels > MAX_CHANNELS:
        reject_spec(
            place.at("branches"),
            f"{place}: its branches together have {num_channels:,} channels; {MAX_CHANNELS:,} are the most. "
            "Use fewer branches, filters or units.",
        )
    table.add("Concatenate", (*ends[0][:-1], num_channels))


def _add_residual(table: _Table, block: ResidualBlock, place: _Place) -> None:
    start = table.shape
    end = _add_stack(table, start, block.layers, place.inside("the layers", "layers"))
    shortcut_place = place.inside("the shortcut", "shortcut")
    around = _add_stack(table, start, block.shortcut, shortcut_place)
    if around != end:
        reject_spec(
            shortcut_place.pointer,
            f"{place}: its layers answer in shape {end}, its shortcut in {around}; only equal shapes can be added. "
            "Let the shortcut be a 1×1 convolution with as many filters and the same strides, or use padding 'same'.",
        )
    table.add("Add", end, flops=prod(end))
    if block.activation != "linear":
        table.add("Activation", end, flops=prod(end))


def _need_image(table: _Table, place: _Place, verb: str) -> None:
    if len(table.shape) != IMAGE_RANK:
        reject_spec(
            place.pointer,
            f"{place} {verb} over an image (height, width, channels), but {table.shape} reaches it. "
            "Put it before the first dense, flatten or global pooling layer.",
        )


def _slide(size: int, window: int, stride: int, padding: Padding) -> int:
    """How many places a sliding window takes along an axis, as TensorFlow counts them."""
    return ceil(size / stride) if padding == "same" else (size - window) // stride + 1


def _by(sizes: Shape) -> str:
    return "×".join(str(size) for size in sizes)


def _snake(class_name: str) -> str:
    known = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru", "Conv2D": "conv2d", "Cropping1D": "cropping1d"}
    if class_name in known:
        return known[class_name]
    stem = class_name.removesuffix("2D")
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in stem).lstrip("_")
    return words + ("2d" if class_name.endswith("2D") else "")
