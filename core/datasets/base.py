"""Base classes of data sources: built-in and uploaded."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import Field

from core.datasets.augmentation import Augmentation
from core.datasets.shape import DatasetShape
from core.errors import DatasetMissing, InvalidSpec, Problem
from core.specs.base import PositiveInt, SpecModel
from core.uploads.description import ArraysDescription, DatasetDescription, ImagesDescription, TableDescription

Scaling = Literal["none", "standardize", "min_max"]

TaskChoice = Literal["auto", "classification", "regression"]
"""auto: classification if the target is text or boolean, or has at most 20 different whole numbers; else regression."""

TargetScaling = Literal["auto", "none", "standardize"]
"""standardize: train on targets with mean 0 and standard deviation 1; metrics, reports and predictions are in the
target's own units. auto: standardize if the loss measures differences and the last layer is linear."""

UPLOAD_NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"

UploadName = Annotated[str, Field(pattern=UPLOAD_NAME_PATTERN, examples=["flowers"])]

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]

MAX_COLUMNS = 10_000

AnyDescription = TypeVar("AnyDescription", TableDescription, ArraysDescription, ImagesDescription)


class DatasetSpec(SpecModel, ABC):
    """Source of samples.

    A subclass has a field `name: Literal["…"]`, the discriminator, and `split: Split`, a class variable if nothing is
    ever held out.
    """

    @classmethod
    def source_name(cls) -> str:
        """Return the value of `name` that selects this source in a spec."""
        (name,) = get_args(cls.model_fields["name"].annotation)
        return str(name)

    @abstractmethod
    def shape(self, description: DatasetDescription | None = None) -> DatasetShape:
        """Return the sizes and meaning of this source's arrays, without reading them.

        Args:
            description: Description of the upload; built-in sources need none.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If the split leaves no training samples, or the spec does not match the upload.
        """

    def augmentation_asked(self) -> Augmentation:
        """Return the augmentation of training images. A class with a field `augmentation` returns that."""
        return Augmentation()

    def target_scaling_asked(self) -> TargetScaling:
        """Return the scaling of the targets of a regression. A class with a field `target_scaling` returns that."""
        return "none"

    def sizes_asked(self) -> dict[str, int]:
        """Return the numbers of samples to generate, by field; they are limited."""
        return {}


class BuiltInDataset(DatasetSpec):
    """Source that needs no upload."""

    about: ClassVar[str]
    """One-sentence description for the list of datasets."""

    def shape(self, description: DatasetDescription | None = None) -> DatasetShape:
        """Return the sizes and meaning of the arrays, which depend on the spec alone."""
        del description
        return self.own_shape()

    @abstractmethod
    def own_shape(self) -> DatasetShape:
        """Return the sizes and meaning of the arrays.

        Raises:
            InvalidSpec: If the split leaves no training samples.
        """


class GeneratedDataset(BuiltInDataset):
    """Built-in source that generates the number of samples that a spec asks for."""

    @abstractmethod
    def sizes_asked(self) -> dict[str, int]:
        """Return the numbers of samples to generate, by field; they are limited."""


class UploadedDataset(DatasetSpec):
    """Source that reads an uploaded dataset."""

    dataset: UploadName
    """Name of the uploaded dataset."""
    version: PositiveInt | None = None
    """Version of the dataset; null: the newest. The spec of a run contains the version that it used."""
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    """Digest of the uploaded bytes, filled in by the service. If it is given, it must match."""
    reading: Annotated[str | None, Field(pattern=r"^[0-9a-f]{16}$")] = None
    """Digest of the options that they were read with, filled in by the service; null if no option was set."""

    uploaded_from: ClassVar[str] = "FILE"
    """Last argument of the command that uploads it."""

    @classmethod
    def suggest(cls, description: DatasetDescription) -> dict[str, Any] | None:
        """Return fields of a first spec, including `name`; None if this source does not suit the upload.

        Args:
            description: Description of an upload of any kind.
        """
        del description
        return None

    def how_to_upload(self) -> str:
        """Return a sentence with the command that uploads this dataset."""
        return f"Upload it: trainyard data add {self.dataset} {self.uploaded_from}"

    def check_upload(self, description: DatasetDescription | None, expected: type[AnyDescription]) -> AnyDescription:
        """Return the description of an upload that this source can read.

        Raises:
            DatasetMissing: If there is no description: nothing was uploaded under this name.
            InvalidSpec: If the upload is of another kind.
        """
        if description is None:
            raise DatasetMissing(f"There is no dataset '{self.dataset}'. {self.how_to_upload()}")
        if not isinstance(description, expected):
            problem = (
                f"'{self.dataset}' holds {description.kind}. A spec names such data with dataset.name "
                f"'{description.kind}'."
            )
            raise InvalidSpec(problem, [Problem("/dataset/name", problem, "other_kind_of_data")])
        return description
