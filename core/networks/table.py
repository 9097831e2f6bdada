"""Table of a network's layers with their output shapes and sizes: shape inference without Keras.

Each layer's spec adds its own rows (`tabulate`). The API checks a spec with this before it is queued; a test holds
every row against Keras itself.
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
class LayerPlace:
    """Place of a layer, or of a list of layers: in words, and as a pointer into the spec."""

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
    """Rows collected so far, and the shape that reaches the next layer.

    Attributes:
        rows: In the order in which Keras's layers are built.
        shape: One sample's, batch axis left out. Set back to what it was, it lets another branch begin there.
    """

    def __init__(self, input_shape: Shape) -> None:
        self.rows: list[LayerRow] = []
        self.shape = input_shape
        self._numbers: Counter[str] = Counter()

    def add(
        self, layer_type: str, output_shape: Shape, weights: Mapping[str, Shape] | None = None, flops: int = 0
    ) -> None:
        """Add the row of one Keras layer behind those there are.

        Args:
            layer_type: Keras's name of the layer's class.
            output_shape: What reaches the next layer.
            weights: The shape of each array of weights, by Keras's name and in Keras's order.
            flops: For one sample's forward pass.
        """
        self._numbers[layer_type] += 1
        name = f"{snake_case(layer_type)}_{self._numbers[layer_type]}"
        weights = weights or {}
        num_parameters = sum(prod(shape) for shape in weights.values())
        self.rows.append(LayerRow(name, layer_type, output_shape, num_parameters, flops, weights))
        self.shape = output_shape

    def add_elementwise(self, layer_type: str) -> None:
        """Add the row of a layer that computes one operation for each number and keeps the shape."""
        self.add(layer_type, self.shape, flops=prod(self.shape))

    def flatten(self) -> None:
        """Add the row of a Flatten layer."""
        self.add("Flatten", (prod(self.shape),))

    def need_image(self, place: LayerPlace, verb: str) -> None:
        """Reject a layer over images that anything else reaches.

        Args:
            place: Of the layer.
            verb: For what the layer does, such as "pools".

        Raises:
            InvalidSpec: With the layer's place and the shape that reaches it.
        """
        if len(self.shape) != IMAGE_RANK:
            reject_spec(
                place.pointer,
                f"{place} {verb} over an image (height, width, channels), but {self.shape} reaches it. "
                "Put it before the first dense, flatten or global pooling layer.",
            )


@cache
def snake_case(class_name: str) -> str:
    """Return the name that Keras gives a layer of this class, such as `max_pooling2d` for MaxPooling2D."""
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()
