"""Layer table of a network, with output shapes and sizes: shape inference without Keras.

Each layer's spec adds its own rows (`tabulate`). The API checks a spec with this table before it is queued; a test
compares every row with Keras.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod

from core.errors import reject_spec

Shape = tuple[int, ...]

IMAGE_RANK = 3
"""Axes of an image: height, width, channels."""

SEQUENCE_RANK = 2
"""Axes of a sequence: steps, features."""

MOVING = ("moving_mean", "moving_variance")
"""Weights of batch normalisation that follow the batches, not gradients."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of a network.

    Attributes:
        name: The type and a number that counts its layers, such as `dense_2`.
        type: Name of the Keras class.
        output_shape: Output shape for one sample, without the batch axis.
        num_parameters: Number of weights, including those that are not trained.
        flops: Floating-point operations of the forward pass of one sample; a multiply-add counts as two.
        weights: Shape of each weight array, by Keras's name and in Keras's order; names of a bidirectional layer begin
            with `forward_` or `backward_`.
        is_frozen: True if training does not change its weights.
    """

    name: str
    type: str
    output_shape: Shape
    num_parameters: int
    flops: int
    weights: Mapping[str, Shape]
    is_frozen: bool = False

    @property
    def num_trainable_parameters(self) -> int:
        """Number of weights that training changes by their gradients: moving means and variances are not among them."""
        if self.is_frozen:
            return 0
        return sum(prod(shape) for name, shape in self.weights.items() if name not in MOVING)


@dataclass(frozen=True, slots=True)
class LayerPlace:
    """Place of a layer, or of a list of layers: in words, and as a JSON pointer into the spec."""

    words: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.words[:1].upper()}{self.words[1:]}"

    def layer(self, number: int) -> "LayerPlace":
        """Return the place of a layer of this list."""
        words = f"layer {number} in {self.words}" if self.words else f"layer {number}"
        return LayerPlace(words, self.at(str(number)))

    def inside(self, words: str, field: str) -> "LayerPlace":
        """Return the place of a part of this layer, or of a list of layers of this block."""
        return LayerPlace(f"{words} of {self.words}", self.at(field))

    def at(self, field: str) -> str:
        """Return the pointer to a field of this layer."""
        return f"{self.pointer}/{field}"


class LayerTable:
    """Rows added so far, and the input shape of the next layer.

    Attributes:
        rows: In the order in which the Keras layers are built.
        shape: Shape of one sample, without the batch axis. Set it back to begin another branch.
    """

    def __init__(self, input_shape: Shape) -> None:
        self.rows: list[LayerRow] = []
        self.shape = input_shape
        self._numbers: Counter[str] = Counter()

    def add(
        self, layer_type: str, output_shape: Shape, weights: Mapping[str, Shape] | None = None, flops: int = 0
    ) -> None:
        """Append the row of a Keras layer.

        Args:
            layer_type: Name of the Keras class.
            output_shape: Input shape of the next layer.
            weights: Shape of each weight array, by Keras's name and in Keras's order.
            flops: Floating-point operations of the forward pass of one sample.
        """
        self._numbers[layer_type] += 1
        name = f"{snake_case(layer_type)}_{self._numbers[layer_type]}"
        weights = weights or {}
        num_parameters = sum(prod(shape) for shape in weights.values())
        self.rows.append(LayerRow(name, layer_type, output_shape, num_parameters, flops, weights))
        self.shape = output_shape

    def add_elementwise(self, layer_type: str) -> None:
        """Append the row of an elementwise layer, with one operation per number."""
        self.add(layer_type, self.shape, flops=prod(self.shape))

    def flatten(self) -> None:
        """Append the row of a Flatten layer."""
        self.add("Flatten", (prod(self.shape),))

    def need_image(self, place: LayerPlace, verb: str) -> None:
        """Reject a layer over images whose input is not an image.

        Args:
            place: Place of the layer.
            verb: Operation of the layer, such as "pools".

        Raises:
            InvalidSpec: If the input does not have three axes.
        """
        if len(self.shape) != IMAGE_RANK:
            reject_spec(
                place.pointer,
                f"{place} {verb} over an image (height, width, channels), but its input has shape {self.shape}. "
                "Put it before the first dense, flatten or global pooling layer.",
            )


@cache
def snake_case(class_name: str) -> str:
    """Return the name that Keras gives a layer of this class, such as `max_pooling2d` for MaxPooling2D."""
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()
