"""Base classes of data sources: built-in ones, which a spec describes wholly, and uploaded ones."""

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
"""auto: classes where the target is text or boolean, or has at most 20 different whole numbers; else numbers."""

TargetScaling = Literal["auto", "none", "standardize"]
"""Of the numbers to predict: learn them as if their mean were 0 and their standard deviation 1; curves, reports and
answers are in the target's own units. auto: where the loss measures differences and the last layer is linear."""

UPLOAD_NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"

UploadName = Annotated[str, Field(pattern=UPLOAD_NAME_PATTERN)]

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]

MAX_COLUMNS = 10_000

AnyDescription = TypeVar("AnyDescription", TableDescription, ArraysDescription, ImagesDescription)


class DatasetSpec(SpecModel, ABC):
    """A source of samples.

    A subclass has a field `name: Literal["…"]`, which tells it from the others, and `split: Split`, a class variable
    where nothing is ever held out.
    """

    @classmethod
    def source_name(cls) -> str:
        """Return the name that a spec chooses this source by."""
        (name,) = get_args(cls.model_fields["name"].annotation)
        return str(name)

    @abstractmethod
    def shape(self, description: DatasetDescription | None = None) -> DatasetShape:
        """Return sizes and meaning of the arrays that this source gives, without reading any of them.

        Args:
            description: Of the upload; built-in sources need none.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If the split leaves no training samples, or the spec asks for what the upload does not have.
        """

    def augmentation_asked(self) -> Augmentation:
        """Return the changes to make to training images. A class with a field `augmentation` returns that."""
        return Augmentation()

    def target_scaling_asked(self) -> TargetScaling:
        """Return the scaling of the targets of a regression. A class with a field `target_scaling` returns that."""
        return "none"

    def sizes_asked(self) -> dict[str, int]:
        """Return numbers of samples to generate, by the field that asks for them; they are limited."""
        return {}


class BuiltInDataset(DatasetSpec):
    """A source that is there without an upload."""

    about: ClassVar[str]
    """A sentence for the list of datasets."""

    def shape(self, description: DatasetDescription | None = None) -> DatasetShape:
        """Return sizes and meaning of the arrays; the spec alone decides them."""
        del description
        return self.own_shape()

    @abstractmethod
    def own_shape(self) -> DatasetShape:
        """Return sizes and meaning of the arrays.

        Raises:
            InvalidSpec: If the split leaves no training samples.
        """


class GeneratedDataset(BuiltInDataset):
    """A built-in source that makes as many samples as a spec asks for."""

    @abstractmethod
    def sizes_asked(self) -> dict[str, int]:
        """Return numbers of samples to generate, by the field that asks for them; they are limited."""


class UploadedDataset(DatasetSpec):
    """A source that reads what was uploaded under a name."""

    dataset: UploadName
    """Name it was uploaded under."""
    version: PositiveInt | None = None
    """Null: the newest; a run's own spec says which one that was."""
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    """Filled in by the service: of the bytes that were uploaded. Given, it has to be right."""

    uploaded_from: ClassVar[str] = "FILE"
    """Last argument of the command that uploads it."""

    @classmethod
    def suggest(cls, description: DatasetDescription) -> dict[str, Any] | None:
        """Return fields of a spec to begin with, its name among them; None where this source is not the one to suggest.

        Args:
            description: Of an upload of any kind.
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
            raise DatasetMissing(f"There is no dataset '{self.dataset}' here. {self.how_to_upload()}")
        if not isinstance(description, expected):
            problem = (
                f"'{self.dataset}' holds {description.kind}. A spec names such data with dataset.name "
                f"'{description.kind}'."
            )
            raise InvalidSpec(problem, [Problem("/dataset/name", problem, "other_kind_of_data")])
        return description
