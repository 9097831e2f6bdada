"""LeCun's handwritten digits, an upload whose published bytes are known."""

from typing import Annotated, ClassVar, Literal, NoReturn

from pydantic import Field

from core.datasets.arrays import ArraysShape, ChosenArrays, find_usual_array
from core.datasets.augmentation import Augmentation
from core.datasets.base import UploadedDataset, UploadName
from core.datasets.digits import DIGIT_LABELS
from core.datasets.splits import Split, count_split
from core.errors import reject_spec
from core.notices import Notice
from core.signatures.signature import InputKind, Task
from core.specs.base import Bool, PositiveInt
from core.uploads.description import ArrayDescription, ArraysDescription, DatasetDescription

MNIST = "mnist"

IMAGE_SIZE = (28, 28)

PUBLISHED_SHA256 = "50cb9429a7f4921b528524eb0d3a9c63d0fed46818d2980bc02361ac7cedde0d"
"""Of the archive that `trainyard data add mnist DIR` makes of the four files as they were published."""


class MnistDataset(UploadedDataset):
    """LeCun's 70,000 28×28 images of handwritten digits, 60,000 for training and 10,000 for test; pixels 0 to 255."""

    uploaded_from: ClassVar[str] = "DIR, the folder that holds its four files"

    name: Literal["mnist"]
    dataset: UploadName = MNIST
    """Name it was uploaded under."""
    rescale: Bool = True
    """Divide pixels by 255 in front of the network; the model takes them as they come either way."""
    max_train_samples: Annotated[PositiveInt, Field(le=60_000)] = 60_000
    """Use only the first so many training images."""
    max_test_samples: Annotated[PositiveInt, Field(le=10_000)] = 10_000
    augmentation: Augmentation = Augmentation()
    split: Split = Split()

    def shape(self, description: DatasetDescription | None = None) -> ArraysShape:
        """Return the shape of images of ten classes, test images among them.

        Another upload than the published one can be trained on, with a warning that says how many images it holds.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If the upload does not hold such images, or the split leaves no training samples.
        """
        upload = self.check_upload(description, ArraysDescription)
        images, labels = self._find_part(upload, "inputs", "targets")
        test_images, test_labels = self._find_part(upload, "test_inputs", "test_targets")
        num_train, num_test = images.shape[0], test_images.shape[0]
        counts = count_split(self.split, min(num_train, self.max_train_samples), min(num_test, self.max_test_samples))
        return ArraysShape(
            task=Task.CLASSIFICATION,
            input_kind=InputKind.IMAGE,
            input_shape=IMAGE_SIZE,
            network_input_shape=IMAGE_SIZE,
            target_shape=(),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
            class_labels=DIGIT_LABELS,
            warnings=self._warn_of_others(num_train, num_test),
            arrays=ChosenArrays(images, labels, test_images, test_labels, target_column=None),
        )

    def _find_part(
        self, upload: ArraysDescription, images_field: str, labels_field: str
    ) -> tuple[ArrayDescription, ArrayDescription]:
        """Return images and labels for training or for test."""
        images, labels = find_usual_array(upload, images_field), find_usual_array(upload, labels_field)
        if images is None or labels is None:
            names = ", ".join(array.name for array in upload.arrays)
            self._reject(f"it holds {names}; expected images and labels for training and for test")
        if images.dtype != "uint8" or images.shape[1:] != IMAGE_SIZE:
            self._reject(f"'{images.name}' has shape {images.shape} of {images.dtype}; expected (n, 28, 28) of uint8")
        if not labels.dtype.startswith(("int", "uint")) or labels.shape != images.shape[:1]:
            self._reject(
                f"'{labels.name}' has shape {labels.shape} of {labels.dtype}; expected ({images.shape[0]},) of "
                "integers, a label for each image"
            )
        strange = [entry.value for entry in labels.values if entry.value not in map(str, DIGIT_LABELS)]
        if strange or not labels.values:
            came = f"the label {strange[0]}" if strange else "over 1,000 different labels"
            self._reject(f"'{labels.name}' holds {came}; expected digits from 0 to 9")
        return images, labels

    def _reject(self, reason: str) -> NoReturn:
        detail = f"'{self.dataset}' does not hold MNIST: {reason}. {self.how_to_upload()}"
        reject_spec("/dataset/dataset", detail, "not_mnist")

    def _warn_of_others(self, num_train: int, num_test: int) -> tuple[Notice, ...]:
        """Return a warning if the spec is pinned to other bytes than the published ones."""
        if self.sha256 in {None, PUBLISHED_SHA256}:
            return ()
        detail = (
            f"'{self.dataset}' is not the published MNIST as `trainyard data add` packs it: it holds {num_train:,} "
            f"training and {num_test:,} test images."
        )
        return (Notice("not_published_mnist", "/dataset/dataset", detail),)

    def augmentation_asked(self) -> Augmentation:
        """Return the changes to make to training images."""
        return self.augmentation
