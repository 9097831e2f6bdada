"""Lists of layers: a builder for each class of specs, an ONNX writer for each Keras class."""

from collections.abc import Callable, Sequence
from typing import Any

from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer, FlattenLayer
from core.networks.layer import BaseLayer, DropoutLayer
from core.networks.layers import LayerSpec
from core.networks.pooling import GlobalPooling2DLayer, Pooling2DLayer
from core.networks.recurrent import RecurrentLayer
from models.networks.blocks import build_parallel, build_residual, write_concatenation, write_sum
from models.networks.chain import Builder, Chain
from models.networks.convolution import build_convolution, write_convolution, write_zeros
from models.networks.dense import (
    build_dense,
    build_flatten,
    build_output,
    write_dense,
    write_flatten,
    write_reshape,
)
from models.networks.embedding import write_cropping, write_embedding
from models.networks.layer import build_dropout, write_activation, write_normalization, write_rescaling
from models.networks.pooling import build_global_pooling, build_pooling, write_global_pooling, write_pooling
from models.networks.recurrent import build_recurrent, write_bidirectional, write_recurrent
from models.onnx_graph import Graph, Value
from models.runtime import keras

BUILDERS: dict[type[BaseLayer], Builder] = {
    DenseLayer: build_dense,
    Conv2DLayer: build_convolution,
    Pooling2DLayer: build_pooling,
    GlobalPooling2DLayer: build_global_pooling,
    FlattenLayer: build_flatten,
    DropoutLayer: build_dropout,
    RecurrentLayer: build_recurrent,
    ParallelBlock: build_parallel,
    ResidualBlock: build_residual,
}

Writer = Callable[..., Value]
"""Writes a Keras layer with ONNX operators, given the graph, the layer and its inputs."""

WRITERS: dict[type, Writer] = {
    keras.layers.Dense: write_dense,
    keras.layers.Conv2D: write_convolution,
    keras.layers.ZeroPadding2D: write_zeros,
    keras.layers.MaxPooling2D: write_pooling,
    keras.layers.AveragePooling2D: write_pooling,
    keras.layers.GlobalMaxPooling2D: write_global_pooling,
    keras.layers.GlobalAveragePooling2D: write_global_pooling,
    keras.layers.BatchNormalization: write_normalization,
    keras.layers.Activation: write_activation,
    keras.layers.Flatten: write_flatten,
    keras.layers.Reshape: write_reshape,
    keras.layers.Rescaling: write_rescaling,
    keras.layers.Cropping1D: write_cropping,
    keras.layers.Cropping2D: write_cropping,
    keras.layers.Embedding: write_embedding,
    keras.layers.SimpleRNN: write_recurrent,
    keras.layers.LSTM: write_recurrent,
    keras.layers.GRU: write_recurrent,
    keras.layers.Bidirectional: write_bidirectional,
    keras.layers.Add: write_sum,
    keras.layers.Concatenate: write_concatenation,
}

TRAINING_ONLY: tuple[type, ...] = (keras.layers.Dropout,)
"""Keras layers that do nothing in inference; ONNX files do not contain them."""


def build_layers(chain: Chain, specs: Sequence[LayerSpec]) -> None:
    """Build the layers of a network; the output of the last one is float32."""
    *others, last = specs
    chain.build(others)
    if isinstance(last, DenseLayer) and chain.dtype != "float32":
        build_output(chain, last)
    else:
        chain.build([last])


def write_layer(graph: Graph, layer: Any, sources: Sequence[Value]) -> Value:
    """Write one Keras layer with its current weights, for inference.

    Args:
        graph: The graph to add to.
        layer: A layer whose class is not in TRAINING_ONLY.
        sources: Inputs of the layer: one, or several for a layer that merges branches.

    Raises:
        KeyError: If a class of layers has no writer.
    """
    if type(layer) not in WRITERS:
        name = type(layer).__name__
        raise KeyError(f"{name} has no ONNX form: add it to WRITERS or TRAINING_ONLY in models/networks/layers.py")
    return WRITERS[type(layer)](graph, layer, *sources)
