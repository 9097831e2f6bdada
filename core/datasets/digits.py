"""Small handwritten digits."""

from typing import ClassVar, Literal

from core.datasets.augmentation import Augmentation
from core.datasets.base import BuiltInDataset
from core.datasets.shape import DatasetShape, shape_of_labelled_images
from core.datasets.splits import Split, count_split
from core.specs.base import Bool

NUM_IMAGES = 1797

IMAGE_SIZE = (8, 8)

GREATEST_PIXEL = 16

DIGIT_LABELS = tuple(range(10))


class DigitsDataset(BuiltInDataset):
    """1,797 images of handwritten digits, 8×8 pixels from 0 to 16, which are part of scikit-learn."""

    about: ClassVar[str] = "1,797 handwritten digits of 8×8 pixels; part of scikit-learn."

    name: Literal["digits"]
    rescale: Bool = True
    """Divide pixels by 16 before the network; the inputs of the model are pixels from 0 to 16 either way."""
    augmentation: Augmentation = Augmentation()
    split: Split = Split()

    def own_shape(self) -> DatasetShape:
        """Return the shape of images of ten classes."""
        counts = count_split(self.split, NUM_IMAGES)
        return shape_of_labelled_images(counts, IMAGE_SIZE, DIGIT_LABELS, greatest_pixel=GREATEST_PIXEL)

    def augmentation_asked(self) -> Augmentation:
        """Return the augmentation of training images."""
        return self.augmentation
