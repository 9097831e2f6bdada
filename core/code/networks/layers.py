"""Lists of layers in source: a writer for each class of specs."""

from collections.abc import Sequence

from core.code.networks.blocks import write_parallel, write_residual
from core.code.networks.chain import Chain, Writer
from core.code.networks.convolution import write_convolution
from core.code.networks.dense import write_dense, write_flatten, write_output
from core.code.networks.layer import write_dropout
from core.code.networks.pooling import write_global_pooling, write_pooling
from core.code.networks.recurrent import write_recurrent
from core.code.source import literal
from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer, FlattenLayer
from core.networks.layer import BaseLayer, DropoutLayer
from core.networks.layers import LayerSpec
from core.networks.pooling import GlobalPooling2DLayer, Pooling2DLayer
from core.networks.recurrent import RecurrentLayer

WRITERS: dict[type[BaseLayer], Writer] = {
    DenseLayer: write_dense,
    Conv2DLayer: write_convolution,
    Pooling2DLayer: write_pooling,
    GlobalPooling2DLayer: write_global_pooling,
    FlattenLayer: write_flatten,
    DropoutLayer: write_dropout,
    RecurrentLayer: write_recurrent,
    ParallelBlock: write_parallel,
    ResidualBlock: write_residual,
}


def write_layers(chain: Chain, specs: Sequence[LayerSpec]) -> None:
    """Write the layers of a network; the output of the last one is float32."""
    *others, last = specs
    chain.write(others)
    if chain.precision == "float32":
        chain.write([last])
    elif isinstance(last, DenseLayer):
        write_output(chain, last)
    else:
        chain.write([last])
        chain.dtype = "float32"
        chain.add("Activation", literal("linear"), name=literal(chain.name("activation")))
