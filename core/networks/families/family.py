"""Base classes of the families, and the layers that they share."""

from typing import Annotated, Literal

from pydantic import Field

from core.networks.base import ImageNetwork
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer
from core.networks.layer import Activation, BatchNormalization, DropoutLayer
from core.networks.pooling import Pooling2DLayer
from core.specs.base import Bool, PositiveInt
from core.specs.initializers import plain

HE_NORMAL = plain("he_normal")

MOMENTUM = 0.9
"""Momentum of the moving averages: with Keras's 0.99 they would be too far off to validate with for a whole epoch."""

Width = Annotated[PositiveInt, Field(le=1024)]


class CnnFamily(ImageNetwork):
    """Well-known convolutional architecture. Its last layer is a softmax over the classes."""

    expands_to = "cnn"

    kind: Literal["cnn_family"]
    num_classes: Annotated[PositiveInt, Field(ge=2)] = 10

    def answer(self) -> DenseLayer:
        """Return the output layer: a probability for each class."""
        return DenseLayer(units=self.num_classes, activation="softmax")


class PlainFamily(CnnFamily):
    """Family whose paper has no batch normalisation."""

    batch_normalization: Bool = False
    """Normalise every convolution before its activation (Ioffe and Szegedy, 2015). The network then learns in fewer
    steps, each of which takes up to twice as long on a CPU."""

    def convolve(self, filters: int, kernel_size: int) -> Conv2DLayer:
        """Return a convolution of the family that keeps the image size."""
        if self.batch_normalization:
            return normalized_convolution(filters, kernel_size, activation="relu")
        return Conv2DLayer(
            type="conv2d",
            filters=filters,
            kernel_size=(kernel_size, kernel_size),
            padding="same",
            activation="relu",
            kernel_initializer=HE_NORMAL,
        )


def normalized_convolution(filters: int, kernel_size: int, *, stride: int = 1, activation: Activation) -> Conv2DLayer:
    """Return a convolution with batch normalisation before the activation; the normalisation's offset is its bias."""
    # With a linear activation both positions are equivalent, and this one needs no activation layer.
    position: Literal["before_activation", "after_activation"]
    position = "after_activation" if activation == "linear" else "before_activation"
    return Conv2DLayer(
        type="conv2d",
        filters=filters,
        kernel_size=(kernel_size, kernel_size),
        strides=(stride, stride),
        padding="same",
        activation=activation,
        use_bias=False,
        kernel_initializer=HE_NORMAL,
        batch_normalization=BatchNormalization(position=position, momentum=MOMENTUM),
    )


def max_pooling(pool_size: int, stride: int) -> Pooling2DLayer:
    """Return max pooling with padding 'same', which fits into images of any size."""
    return Pooling2DLayer(
        type="pooling2d", kind="max", pool_size=(pool_size, pool_size), strides=(stride, stride), padding="same"
    )


def hidden_layers(units: int, dropout: float) -> tuple[DenseLayer, DenseLayer]:
    """Return the two dense layers before the output layer of AlexNet and VGG."""
    hidden = DenseLayer(units=units, activation="relu", kernel_initializer=HE_NORMAL, dropout=dropout)
    return hidden, hidden


def maybe_dropout(rate: float) -> tuple[DropoutLayer, ...]:
    """Return a dropout layer, or nothing for a rate of 0."""
    return (DropoutLayer(type="dropout", rate=rate),) if rate else ()
