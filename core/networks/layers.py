"""Lists of the layer types, one for each kind of network."""

from typing import Annotated

from pydantic import Field, JsonValue

from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer, FlattenLayer
from core.networks.layer import DropoutLayer
from core.networks.pooling import GlobalPooling2DLayer, Pooling2DLayer
from core.networks.recurrent import RecurrentLayer

NEEDS_TYPE: dict[str, JsonValue] = {"required": ["type"]}
"""Only a perceptron has a usual type of layer, dense; elsewhere each layer names its type."""

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
    Field(discriminator="type", json_schema_extra=NEEDS_TYPE),
]

RnnLayer = Annotated[
    RecurrentLayer | DenseLayer | DropoutLayer, Field(discriminator="type", json_schema_extra=NEEDS_TYPE)
]

ParallelBlock.model_rebuild()

ResidualBlock.model_rebuild()

LayerSpec = MlpLayer | CnnLayer | RnnLayer
"""A layer of any of these lists."""
