"""LeCun's handwritten digits."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from core.datasets.augmentation import Augmentation
from core.datasets.base import BuiltInDataset
from core.datasets.digits import DIGIT_LABELS
from core.datasets.shape import DatasetShape, shape_of_labelled_images
from core.datasets.splits import Split, count_split
from core.specs.base import Bool, PositiveInt

IMAGE_SIZE = (28, 28)


class MnistDataset(BuiltInDataset):
    """LeCun's 70,000 28×28 images of handwritten digits, 60,000 for training and 10,000 for test; pixels 0 to 255."""

    about: ClassVar[str] = (
        "70,000 handwritten digits of 28×28 pixels (LeCun et al.); its four files have to be sent once."
    )

    name: Literal["mnist"]
    rescale: Bool = True
    """Divide pixels by 255 in front of the network; the model takes them as they come either way."""
    max_train_samples: Annotated[PositiveInt, Field(le=60_000)] = 60_000
    """Use only the first so many training images."""
    max_test_samples: Annotated[PositiveInt, Field(le=10_000)] = 10_000
    augmentation: Augmentation = Augmentation()
    split: Split = Split()

    def own_shape(self) -> DatasetShape:
        """Return the shape of images of ten classes, test images among them."""
        counts = count_split(self.split, self.max_train_samples, self.max_test_samples)
        return shape_of_labelled_images(counts, IMAGE_SIZE, DIGIT_LABELS)

    def augmentation_asked(self) -> Augmentation:
        """Return the changes to make to training images."""
        return self.augmentation
