"""VGG: groups of 3×3 convolutions, each followed by pooling, and three dense layers.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014, table 1: the columns
A, B, D and E have 11, 13, 16 and 19 layers with weights; filters 64, 128, 256, 512, 512; hidden layers of 4096.
"""

from collections.abc import Mapping
from typing import Literal

from core.networks.families.family import PlainFamily, Width, hidden_layers, max_pooling
from core.networks.layers import LayerSpec
from core.specs.base import Fraction, PositiveInt

GROUPS: Mapping[int, tuple[int, ...]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Convolutions in each group, by depth."""

FACTORS = (1, 2, 4, 8, 8)
"""Filters of each group, as multiples of those of the first."""


class Vgg(PlainFamily):
    """VGG (Simonyan and Zisserman, 2014), for small images.

    Five poolings reduce 28×28 and 32×32 to one pixel, and the paper's 224×224 to 7×7. There are fewer filters and
    hidden units by default, which suits small images and training on CPUs.
    """

    family: Literal["vgg"]
    depth: Literal[11, 13, 16, 19] = 11
    """Layers with weights: the paper's networks A, B, D and E."""
    width: Width = 16
    """Filters of the first group; the others have 2, 4, 8 and 8 times as many. The paper's is 64."""
    hidden_units: PositiveInt = 256
    """Units of each of the two hidden dense layers. The paper's is 4096."""
    dropout: Fraction = 0.5
    """Dropout after each hidden dense layer."""

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """Layers of the equivalent `CnnNetwork`."""
        groups: list[LayerSpec] = []
        for num_convolutions, factor in zip(GROUPS[self.depth], FACTORS, strict=True):
            groups += [self.convolve(self.width * factor, 3)] * num_convolutions
            groups.append(max_pooling(2, 2))
        return (*groups, *hidden_layers(self.hidden_units, self.dropout), self.answer())
