"""Arguments and results of writing the source that loads a dataset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.code.draft import Draft
from core.datasets.shape import DatasetShape
from core.errors import DatasetMissing
from core.experiment import ExperimentSpec
from core.uploads.description import DescriptionFile

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that a program reads.

    Attributes:
        name: Name of the dataset.
        filename: Name that it was uploaded with; "" if it had none.
        version: Number of the version of the dataset.
        sha256: Digest of its bytes.
        file: Its description.
    """

    name: str
    filename: str
    version: int
    sha256: str
    file: DescriptionFile

    @classmethod
    def of(cls, name: str, filename: str | None, version: int, sha256: str, description: Mapping[str, Any]) -> "Upload":
        """Return an upload of the values that the service has stored of it."""
        return cls(name, filename or "", version, sha256, DescriptionFile.model_validate(description))


@dataclass(frozen=True, slots=True)
class SourceContext:
    """Arguments for writing the source that loads a dataset, besides its spec.

    Attributes:
        spec: The whole spec.
        shape: Result of the method `shape` of the dataset's spec.
        upload: The upload that the dataset names; None for built-in ones.
    """

    spec: ExperimentSpec
    shape: DatasetShape
    upload: Upload | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the splits that have samples."""
        sizes = (self.shape.num_train, self.shape.num_validation, self.shape.num_test)
        return tuple(part for part, size in zip(PARTS, sizes, strict=True) if size)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Samples that a program has loaded into `x_train`, `y_train` and, for each other part, `x_…` and `y_…`.

    Attributes:
        parts: Names of the splits that there are.
        is_weighted: True if there are weights of samples, `w_train` and so on.
        factor: Multiplies all inputs, if they are pixels.
    """

    parts: tuple[str, ...]
    is_weighted: bool = False
    factor: float = 1.0


SourceWriter = Callable[[Draft, Any, SourceContext], Loaded]
"""Writes the sections that load, split and prepare the samples of one class of dataset."""


def require_upload(context: SourceContext) -> Upload:
    """Return the upload that a dataset reads.

    Raises:
        DatasetMissing: If the spec does not say which.
    """
    if context.upload is None:
        raise DatasetMissing("The spec names an upload without its sha256. Submit it again: the service fills it in.")
    return context.upload
