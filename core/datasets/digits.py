"""Small handwritten digits."""

from typing import Literal

from core.datasets.augmentation import Augmentation
from core.datasets.splits import Split
from core.specs.base import Bool, SpecModel


class DigitsDataset(SpecModel):
    """The 1,797 8×8 images of handwritten digits that come with scikit-learn; pixels 0 to 16."""

    name: Literal["digits"]
    rescale: Bool = True
    """Divide pixels by 16 in front of the network; the model takes them as they come either way."""
    augmentation: Augmentation = Augmentation()
    split: Split = Split()
