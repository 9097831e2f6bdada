"""AlexNet: five convolutions, three of them followed by pooling, and three dense layers.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.5:
filters 96, 256, 384, 384, 256; hidden layers of 4096; dropout 0.5; overlapping pooling, windows of 3 with stride 2.
"""

from typing import Literal

from core.networks.families.family import PlainFamily, Width, hidden_layers, max_pooling
from core.networks.layers import LayerSpec
from core.specs.base import Fraction, PositiveInt


class AlexNet(PlainFamily):
    """AlexNet (Krizhevsky et al., 2012), for small images.

    The paper's first convolution, 11×11 with stride 4, reduces images of 224×224; for 28×28 and 32×32 it is 5×5 with
    stride 1. Convolutions are not grouped, as they were to split them between two GPUs, and batch normalisation
    replaces local response normalisation.
    """

    family: Literal["alexnet"]
    width: Width = 24
    """Filters of the first convolution; the others have 8/3, 4, 4 and 8/3 times as many. The paper's is 96."""
    hidden_units: PositiveInt = 512
    """Units of each of the two hidden dense layers. The paper's is 4096."""
    dropout: Fraction = 0.5
    """Dropout after each hidden dense layer."""

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """Layers of the equivalent `CnnNetwork`."""
        middle, widest = max(1, self.width * 8 // 3), self.width * 4
        return (
            self.convolve(self.width, 5),
            max_pooling(3, 2),
            self.convolve(middle, 5),
            max_pooling(3, 2),
            self.convolve(widest, 3),
            self.convolve(widest, 3),
            self.convolve(middle, 3),
            max_pooling(3, 2),
            *hidden_layers(self.hidden_units, self.dropout),
            self.answer(),
        )
