"""ResNet: pairs of convolutions, each with a shortcut, then the mean of each channel and one dense layer.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015, section 4.2: for 32×32 images one 3×3
convolution and three stages of n pairs, 6n + 2 layers with weights; filters 16, 32, 64; the second and third stage
begin with a stride of 2.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core.networks.blocks import ResidualBlock
from core.networks.families.family import CnnFamily, Width, maybe_dropout, normalized_convolution
from core.networks.layers import LayerSpec
from core.networks.pooling import GlobalPooling2DLayer
from core.specs.base import Bool, Fraction, Int

NUM_STAGES = 3

MAX_DEPTH = 110
"""Depth of the deepest network that the paper trains successfully."""


def _check_depth(depth: int) -> int:
    if (depth - 2) % 6:
        below = depth - (depth - 2) % 6
        raise ValueError(f"The depth of a ResNet is 6n + 2, such as {max(below, 8)} or {below + 6}; {depth} is not")
    return depth


class ResNet(CnnFamily):
    """ResNet (He et al., 2015), as in section 4.2, for CIFAR-10.

    The shortcut at the beginning of a stage is a 1×1 convolution with a stride of 2 (the paper's option B); for these
    small networks the paper pads with zeros instead (option A).
    """

    family: Literal["resnet"]
    depth: Annotated[Int, Field(ge=8, le=MAX_DEPTH), AfterValidator(_check_depth)] = 14
    """Layers with weights, 6n + 2; those of shortcuts are not counted. The paper's are 20, 32, 44, 56 and 110."""
    width: Width = 8
    """Filters of the first stage; the others have 2 and 4 times as many. The paper's is 16."""
    shortcuts: Bool = True
    """False: no shortcuts, which is the paper's plain network, for comparison."""
    dropout: Fraction = 0.0
    """Dropout before the last layer. The paper has none."""

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """Layers of the equivalent `CnnNetwork`."""
        stages: list[LayerSpec] = []
        for stage in range(NUM_STAGES):
            for place in range((self.depth - 2) // 6):
                stages += self._pair(self.width * 2**stage, begins_stage=stage > 0 and place == 0)
        first = normalized_convolution(self.width, 3, activation="relu")
        mean = GlobalPooling2DLayer(type="global_pooling2d", kind="average")
        return (first, *stages, mean, *maybe_dropout(self.dropout), self.answer())

    def _pair(self, filters: int, *, begins_stage: bool) -> list[LayerSpec]:
        stride = 2 if begins_stage else 1
        first = normalized_convolution(filters, 3, stride=stride, activation="relu")
        if not self.shortcuts:
            return [first, normalized_convolution(filters, 3, activation="relu")]
        around = normalized_convolution(filters, 1, stride=stride, activation="linear")
        return [
            ResidualBlock(
                type="residual",
                layers=(first, normalized_convolution(filters, 3, activation="linear")),
                shortcut=(around,) if begins_stage else (),
            )
        ]
