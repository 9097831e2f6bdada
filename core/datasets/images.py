"""Uploaded images, one folder per class."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.datasets.augmentation import Augmentation
from core.datasets.base import UploadedDataset
from core.datasets.shape import DatasetShape, shape_of_labelled_images
from core.datasets.splits import Split, count_split, suggest_split
from core.datasets.target_warnings import warn_of_classes
from core.errors import reject_spec
from core.images.pixels import Resize
from core.specs.base import Bool, PositiveInt
from core.uploads.description import DatasetDescription, ImagesDescription

SUGGESTED_SIZE = 64
"""Suggested height and width for images of different sizes."""


class ImagesDataset(UploadedDataset):
    """Uploaded images, each in a folder with the name of its class."""

    name: Literal["images"]
    height: Annotated[PositiveInt, Field(le=2048)] | None = None
    """Input height of the network in pixels; null: that of the images, if all have the same size."""
    width: Annotated[PositiveInt, Field(le=2048)] | None = None
    channels: Literal[1, 3] | None = None
    """Null: 1 if all images are grey, else 3."""
    resize: Resize = "stretch"
    """Fitting of images with another aspect ratio: stretch, crop, or pad with black."""
    rescale: Bool = True
    """Divide pixels by 255 before the network; the inputs of the model are pixels from 0 to 255 either way."""
    max_train_samples: PositiveInt | None = None
    """Use only this many training images, drawn with the spec's seed, with the same fraction of every class."""
    max_test_samples: PositiveInt | None = None
    augmentation: Augmentation = Augmentation()
    split: Split = Split()

    @model_validator(mode="after")
    def _check_size(self) -> "ImagesDataset":
        if (self.height is None) != (self.width is None):
            raise ValueError("Give height and width both, or neither")
        return self

    def shape(self, description: DatasetDescription | None = None) -> DatasetShape:
        """Return the shape of images of the size in the spec, or else of the size that all images have.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If the images differ in size and the spec has no size, or there is only one class.
        """
        images = self.check_upload(description, ImagesDescription)
        if len(images.classes) < 2:  # noqa: PLR2004 - one class cannot be learned
            problem = (
                f"All images of '{self.dataset}' have the same class. Upload a folder for each of two or more classes."
            )
            reject_spec("/dataset/dataset", problem, "one_class")
        size = self._find_size(images)
        num_test_given = _at_most(images.splits.get("test", 0), self.max_test_samples)
        num_validation_given = images.splits.get("validation", 0)
        num_rest = images.splits.get("train", images.num_images if not images.splits else 0)
        counts = count_split(
            self.split, _at_most(num_rest, self.max_train_samples), num_test_given, num_validation_given
        )
        labels = tuple(entry.value for entry in images.classes)
        shape = shape_of_labelled_images(counts, size, labels, resize=self.resize)
        return replace(shape, warnings=tuple(warn_of_classes(images.classes, "/dataset/dataset")))

    def _find_size(self, images: ImagesDescription) -> tuple[int, int, int]:
        """Return the height, width and channels of the network's input."""
        is_grey = images.num_grey == images.num_images
        channels = self.channels or (1 if is_grey else 3)
        if self.height is not None and self.width is not None:
            return self.height, self.width, channels
        if not _are_of_one_size(images):
            problem = (
                f"The images of '{self.dataset}' are {images.least_height} to {images.greatest_height} high and "
                f"{images.least_width} to {images.greatest_width} wide. Set the size of the network's input: "
                "dataset.height and dataset.width."
            )
            reject_spec("/dataset/height", problem, "sizes_differ")
        return images.least_height, images.least_width, channels

    def augmentation_asked(self) -> Augmentation:
        """Return the augmentation of training images."""
        return self.augmentation

    @classmethod
    def suggest(cls, description: DatasetDescription) -> dict[str, Any] | None:
        """Return fields of a first spec; images of different sizes are resized to small squares."""
        if not isinstance(description, ImagesDescription):
            return None
        size = {} if _are_of_one_size(description) else {"height": SUGGESTED_SIZE, "width": SUGGESTED_SIZE}
        split = suggest_split(description.num_images, [name for name, count in description.splits.items() if count])
        return {"name": cls.source_name(), "split": split, **size}


def _are_of_one_size(images: ImagesDescription) -> bool:
    return images.least_height == images.greatest_height and images.least_width == images.greatest_width


def _at_most(count: int, most: int | None) -> int:
    return count if most is None else min(count, most)
