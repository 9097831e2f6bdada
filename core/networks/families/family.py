"""Base classes of the families, and the pieces that their layers are made of."""

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
"""Of the moving averages: Keras's 0.99 would take a whole epoch until they can be used to validate with."""

Width = Annotated[PositiveInt, Field(le=1024)]


class CnnFamily(ImageNetwork):
    """A convolutional network known by a name. It ends in a softmax over the classes."""

    expands_to = "cnn"

    kind: Literal["cnn_family"]
    num_classes: Annotated[PositiveInt, Field(ge=2)] = 10

    def answer(self) -> DenseLayer:
        """Return the layer that answers: a probability for each class."""
        return DenseLayer(units=self.num_classes, activation="softmax")


class PlainFamily(CnnFamily):
    """A family whose paper knew no batch normalisation."""

    batch_normalization: Bool = False
    """Normalise every convolution before its activation (Ioffe and Szegedy, 2015). It learns in fewer steps then, each
    of which takes up to twice as long on a processor."""

    def convolve(self, filters: int, kernel_size: int) -> Conv2DLayer:
        """Return a convolution of the family that keeps an image's size."""
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
    # Behind a linear layer both positions are the same, and this one needs no layer for an activation.
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
    """Return max pooling that leaves something of every image, however small."""
    return Pooling2DLayer(
        type="pooling2d", kind="max", pool_size=(pool_size, pool_size), strides=(stride, stride), padding="same"
    )


def hidden_layers(units: int, dropout: float) -> tuple[DenseLayer, DenseLayer]:
    """Return the two dense layers that stand before the answer of AlexNet and VGG."""
    hidden = DenseLayer(units=units, activation="relu", kernel_initializer=HE_NORMAL, dropout=dropout)
    return hidden, hidden


def maybe_dropout(rate: float) -> tuple[DropoutLayer, ...]:
    """Return a dropout layer, or none where nothing is dropped."""
    return (DropoutLayer(type="dropout", rate=rate),) if rate else ()
