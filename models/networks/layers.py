"""From one layer of a spec to the Keras layers that it stands for.

The order within a layer is: zeros around the image → weights → [batch normalisation] → activation → [batch
normalisation] → pooling → dropout.
"""

from collections.abc import Sequence
from typing import Any

from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer, FlattenLayer
from core.networks.layer import Activation, BatchNormalization, DropoutLayer, WeightedLayer
from core.networks.layers import LayerSpec
from core.networks.pooling import GlobalPooling2DLayer, Pooling, Pooling2DLayer
from core.networks.recurrent import RecurrentLayer
from models.networks.chain import Chain
from models.networks.recurrent import recurrent_layer
from models.networks.weights import make_initializer, make_regularizer
from models.runtime import keras
from models.seeds import derive_seed

IMAGE_RANK = 3


def add_layers(chain: Chain, specs: Sequence[LayerSpec]) -> None:
    """Put what each of `specs` stands for behind the layers of `chain`, the network's last layer included."""
    *others, last = specs
    for spec in others:
        add_layer(chain, spec)
    if isinstance(last, DenseLayer) and chain.dtype != "float32":
        _add_output(chain, last)
    else:
        add_layer(chain, last)


def add_layer(chain: Chain, spec: LayerSpec) -> None:
    """Put what `spec` stands for behind the layers of `chain`.

    Raises:
        ValueError: Keras's, where the layer can not take the shape that reaches it; core.networks.table says so first.
    """
    match spec:
        case DenseLayer():
            _add_dense(chain, spec)
        case Conv2DLayer():
            _add_convolution(chain, spec)
        case Pooling2DLayer():
            _add_pooling(chain, spec)
        case GlobalPooling2DLayer(kind="max"):
            chain.add(keras.layers.GlobalMaxPooling2D(name=chain.name("global_max_pooling2d"), dtype=chain.dtype))
        case GlobalPooling2DLayer():
            chain.add(
                keras.layers.GlobalAveragePooling2D(name=chain.name("global_average_pooling2d"), dtype=chain.dtype)
            )
        case FlattenLayer():
            add_flatten(chain)
        case DropoutLayer():
            _add_dropout(chain, spec.rate)
        case RecurrentLayer():
            chain.add(recurrent_layer(spec, chain))
        case ParallelBlock() | ResidualBlock():
            _add_block(chain, spec)


def add_flatten(chain: Chain) -> None:
    """Make one row of each sample."""
    chain.add(keras.layers.Flatten(name=chain.name("flatten"), dtype=chain.dtype))


def _add_dense(chain: Chain, spec: DenseLayer) -> None:
    _add_products(chain, spec, None if _normalizes_first(spec) else spec.activation)
    _add_after(chain, spec, pooling=None)


def _add_output(chain: Chain, spec: DenseLayer) -> None:
    """A dense layer that computes its products in 16 bits and from its activation on in float32.

    Sixteen bits are too few for a softmax and for the logarithm in the loss (Keras's guide to mixed precision).
    """
    _add_products(chain, spec, None)
    chain.dtype = "float32"
    if not _normalizes_first(spec):
        _add_activation(chain, spec.activation)
    _add_after(chain, spec, pooling=None)


def _add_products(chain: Chain, spec: DenseLayer, activation: str | None) -> None:
    if len(chain.shape) == IMAGE_RANK:
        add_flatten(chain)
    name = chain.name("dense")
    chain.add(
        keras.layers.Dense(
            spec.units, activation=activation, name=name, dtype=chain.dtype, **_weights_of(spec, name, chain.seed)
        )
    )


def _add_convolution(chain: Chain, spec: Conv2DLayer) -> None:
    padding = spec.padding
    if not isinstance(padding, str):
        _add_zeros(chain, padding)
        padding = "valid"
    name = chain.name("conv2d")
    chain.add(
        keras.layers.Conv2D(
            spec.filters,
            spec.kernel_size,
            strides=spec.strides,
            padding=padding,
            dilation_rate=spec.dilation_rate,
            groups=spec.groups,
            activation=None if _normalizes_first(spec) else spec.activation,
            name=name,
            dtype=chain.dtype,
            **_weights_of(spec, name, chain.seed),
        )
    )
    _add_after(chain, spec, pooling=spec.pooling)


def _add_zeros(chain: Chain, padding: tuple[int, int]) -> None:
    if any(padding):
        chain.add(keras.layers.ZeroPadding2D(padding, name=chain.name("zero_padding2d"), dtype=chain.dtype))


def _add_block(chain: Chain, spec: ParallelBlock | ResidualBlock) -> None:
    start = chain.end
    stacks = spec.branches if isinstance(spec, ParallelBlock) else (spec.layers, spec.shortcut)
    ends = [_add_branch(chain, start, stack) for stack in stacks]
    if isinstance(spec, ParallelBlock):
        chain.join(keras.layers.Concatenate(name=chain.name("concatenate"), dtype=chain.dtype), ends)
        return
    chain.join(keras.layers.Add(name=chain.name("add"), dtype=chain.dtype), ends)
    if spec.activation != "linear":
        _add_activation(chain, spec.activation)


def _add_branch(chain: Chain, start: Any, specs: Sequence[LayerSpec]) -> Any:
    """The tensor that layers from `start` on end in."""
    chain.end = start
    for spec in specs:
        add_layer(chain, spec)
    return chain.end


def _weights_of(spec: WeightedLayer, name: str, seed: int) -> dict[str, Any]:
    return {
        "use_bias": spec.use_bias,
        "kernel_initializer": make_initializer(spec.kernel_initializer, derive_seed(seed, name, "kernel")),
        "bias_initializer": make_initializer(spec.bias_initializer, derive_seed(seed, name, "bias")),
        "kernel_regularizer": make_regularizer(spec.kernel_regularizer),
        "bias_regularizer": make_regularizer(spec.bias_regularizer),
    }


def _add_after(chain: Chain, spec: WeightedLayer, pooling: Pooling | None) -> None:
    if spec.batch_normalization is not None:
        _add_normalization(chain, spec.batch_normalization)
    if _normalizes_first(spec):
        _add_activation(chain, spec.activation)
    if pooling is not None:
        _add_pooling(chain, pooling)
    if spec.dropout:
        _add_dropout(chain, spec.dropout)


def _normalizes_first(spec: WeightedLayer) -> bool:
    return spec.batch_normalization is not None and spec.batch_normalization.position == "before_activation"


def _add_activation(chain: Chain, activation: Activation) -> None:
    chain.add(keras.layers.Activation(activation, name=chain.name("activation"), dtype=chain.dtype))


def _add_normalization(chain: Chain, spec: BatchNormalization) -> None:
    chain.add(
        keras.layers.BatchNormalization(
            momentum=spec.momentum,
            epsilon=spec.epsilon,
            center=spec.center,
            scale=spec.scale,
            name=chain.name("batch_normalization"),
            dtype=chain.dtype,
        )
    )


def _add_pooling(chain: Chain, spec: Pooling) -> None:
    if spec.kind == "max":
        layer, name = keras.layers.MaxPooling2D, chain.name("max_pooling2d")
    else:
        layer, name = keras.layers.AveragePooling2D, chain.name("average_pooling2d")
    chain.add(layer(spec.pool_size, strides=spec.strides, padding=spec.padding, name=name, dtype=chain.dtype))


def _add_dropout(chain: Chain, rate: float) -> None:
    name = chain.name("dropout")
    chain.add(keras.layers.Dropout(rate, seed=derive_seed(chain.seed, name, "mask"), name=name, dtype=chain.dtype))
