"""Uploaded data: which of it a run learns from, and how it is prepared."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.datasets.augmentation import Augmentation
from core.datasets.base import UploadedDataset
from core.datasets.shape import DatasetShape, shape_of_labelled_images
from core.datasets.splits import Split, count_split
from core.errors import InvalidSpec, Problem
from core.images import Resize
from core.specs.base import Bool, PositiveInt
from core.uploads.description import ImagesDescription


class ImagesDataset(UploadedDataset):
    """Uploaded images, each in a folder named after its class."""

    name: Literal["images"]
    height: Annotated[PositiveInt, Field(le=2048)] | None = None
    """Pixels that the network sees; null: the images' own, where all are of one size."""
    width: Annotated[PositiveInt, Field(le=2048)] | None = None
    channels: Literal[1, 3] | None = None
    """Null: 1 where all images are grey, else 3."""
    resize: Resize = "stretch"
    """How images of other proportions are fitted: stretched, cut at the sides, or framed in black."""
    rescale: Bool = True
    """Divide pixels by 255 in front of the network; the model takes images as they come either way."""
    max_train_samples: PositiveInt | None = None
    """Use only so many training images, drawn by the seed with the same share of every class."""
    max_test_samples: PositiveInt | None = None
    augmentation: Augmentation = Augmentation()
    split: Split = Split()

    @model_validator(mode="after")
    def _check_size(self) -> "ImagesDataset":
        if (self.height is None) != (self.width is None):
            raise ValueError("Give height and width both, or neither")
        return self


def shape_of_images(dataset: ImagesDataset, description: ImagesDescription) -> DatasetShape:
    """Sizes as the spec gives them, or else as all images have them.

    Raises:
        InvalidSpec: If the images differ in size and the spec names none, or there is only one class.
    """
    if len(description.classes) < 2:  # noqa: PLR2004 - one class leaves nothing to tell apart
        problem = (
            f"All images of '{dataset.dataset}' are of one class. Upload a folder for each of two classes or more."
        )
        raise InvalidSpec(problem, [Problem("/dataset/dataset", problem, "one_class")])
    size = image_size(dataset, description)
    num_test_given = _at_most(description.splits.get("test", 0), dataset.max_test_samples)
    num_validation_given = description.splits.get("validation", 0)
    num_rest = description.splits.get("train", description.num_images if not description.splits else 0)
    counts = count_split(
        dataset.split, _at_most(num_rest, dataset.max_train_samples), num_test_given, num_validation_given
    )
    return shape_of_labelled_images(counts, size, tuple(entry.value for entry in description.classes))


def image_size(dataset: ImagesDataset, description: ImagesDescription) -> tuple[int, int, int]:
    """Height, width and channels of what the network sees.

    Raises:
        InvalidSpec: If the images differ in size and the spec names none.
    """
    is_grey = description.num_grey == description.num_images
    channels = dataset.channels or (1 if is_grey else 3)
    if dataset.height is not None and dataset.width is not None:
        return dataset.height, dataset.width, channels
    heights = (description.least_height, description.greatest_height)
    widths = (description.least_width, description.greatest_width)
    if heights[0] != heights[1] or widths[0] != widths[1]:
        problem = (
            f"The images of '{dataset.dataset}' are {heights[0]} to {heights[1]} high and {widths[0]} to {widths[1]} "
            "wide. Say which size the network is to see: dataset.height and dataset.width."
        )
        raise InvalidSpec(problem, [Problem("/dataset/height", problem, "sizes_differ")])
    return heights[0], widths[0], channels


def _at_most(count: int, most: int | None) -> int:
    return count if most is None else min(count, most)
