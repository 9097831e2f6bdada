"""GoogLeNet: nine inception blocks, then the mean of each channel and one dense layer.

Szegedy et al., "Going Deeper with Convolutions", 2014: in an inception block 1×1, 3×3 and 5×5 convolutions and a
pooling read the same input in parallel (figure 2b); 1×1 convolutions reduce the channels before the costly ones.
The numbers of filters are those of table 1.
"""

from dataclasses import astuple, dataclass
from typing import Literal

from core.networks.blocks import ParallelBlock
from core.networks.families.family import PlainFamily, Width, max_pooling, maybe_dropout
from core.networks.layers import LayerSpec
from core.networks.pooling import GlobalPooling2DLayer
from core.specs.base import Fraction

FIRST_FILTERS = 64


@dataclass(frozen=True, slots=True)
class Inception:
    """Filters of one inception block, in the order of the columns of table 1."""

    ones: int
    reduce_threes: int
    threes: int
    reduce_fives: int
    fives: int
    after_pooling: int


STAGES: tuple[tuple[Inception, ...], ...] = (
    (Inception(64, 96, 128, 16, 32, 32), Inception(128, 128, 192, 32, 96, 64)),
    (
        Inception(192, 96, 208, 16, 48, 64),
        Inception(160, 112, 224, 24, 64, 64),
        Inception(128, 128, 256, 24, 64, 64),
        Inception(112, 144, 288, 32, 64, 64),
        Inception(256, 160, 320, 32, 128, 128),
    ),
    (Inception(256, 160, 320, 32, 128, 128), Inception(384, 192, 384, 48, 128, 128)),
)
"""Blocks 3a and 3b, 4a to 4e, 5a and 5b, with pooling between the stages."""


class GoogLeNet(PlainFamily):
    """GoogLeNet (Szegedy et al., 2014), for small images.

    Before the first inception block, the paper reduces 224×224 to 28×28 with two convolutions and two poolings; here
    one 3×3 convolution and one pooling reduce 28×28 to 14×14 and 32×32 to 16×16. The two auxiliary classifiers, which
    help the first blocks to learn, are left out; use batch normalisation for that.
    """

    family: Literal["googlenet"]
    width: Width = 16
    """Filters of the first convolution. Those of the blocks are proportional to it. The paper's is 64."""
    dropout: Fraction = 0.4
    """Dropout before the last layer."""

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """Layers of the equivalent `CnnNetwork`."""
        stages: list[LayerSpec] = []
        for blocks in STAGES:
            stages += [max_pooling(3, 2), *(self._inception(block) for block in blocks)]
        mean = GlobalPooling2DLayer(type="global_pooling2d", kind="average")
        return (self.convolve(self.width, 3), *stages, mean, *maybe_dropout(self.dropout), self.answer())

    def _inception(self, block: Inception) -> ParallelBlock:
        ones, reduce_threes, threes, reduce_fives, fives, after_pooling = (
            max(1, round(filters * self.width / FIRST_FILTERS)) for filters in astuple(block)
        )
        return ParallelBlock(
            type="parallel",
            branches=(
                (self.convolve(ones, 1),),
                (self.convolve(reduce_threes, 1), self.convolve(threes, 3)),
                (self.convolve(reduce_fives, 1), self.convolve(fives, 5)),
                (max_pooling(3, 1), self.convolve(after_pooling, 1)),
            ),
        )
