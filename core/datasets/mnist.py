"""LeCun's handwritten digits."""

from typing import Annotated, Literal

from pydantic import Field

from core.datasets.augmentation import Augmentation
from core.datasets.splits import Split
from core.specs.base import Bool, PositiveInt, SpecModel


class MnistDataset(SpecModel):
    """LeCun's 70,000 28×28 images of handwritten digits, 60,000 for training and 10,000 for test; pixels 0 to 255."""

    name: Literal["mnist"]
    rescale: Bool = True
    """Divide pixels by 255 in front of the network; the model takes them as they come either way."""
    max_train_samples: Annotated[PositiveInt, Field(le=60_000)] = 60_000
    """Use only the first so many training images."""
    max_test_samples: Annotated[PositiveInt, Field(le=10_000)] = 10_000
    augmentation: Augmentation = Augmentation()
    split: Split = Split()
