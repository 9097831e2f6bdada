"""Arguments and results of loading a dataset."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.datasets.base import UploadedDataset
from core.datasets.shape import DatasetShape
from core.errors import DatasetMissing
from core.uploads.folder import DatasetFolder, content_key
from models.arrays.samples import SplitSamples
from models.arrays.storage import Storage
from models.preparation.preparation import AnyPreparation

AnyShape = TypeVar("AnyShape", bound=DatasetShape)


@dataclass(frozen=True, slots=True)
class LoadContext(Generic[AnyShape]):
    """Arguments for loading a dataset, besides its spec.

    Attributes:
        shape: Result of the spec's method `shape`.
        seed: Seed of the experiment, for samples, noise and splits.
        storage: Storage for arrays, with a cache of decoded images.
        datasets_dir: Folder of datasets that are files.
    """

    shape: AnyShape
    seed: int
    storage: Storage
    datasets_dir: Path

    def upload_folder(self, dataset: UploadedDataset) -> DatasetFolder:
        """Return the folder of the upload that a spec names."""
        return find_upload(dataset, self.datasets_dir)


@dataclass(frozen=True, slots=True)
class LoadedData:
    """Samples of a dataset, and their preparation for the network.

    Attributes:
        shape: Exact shape, including what depends on the data.
        samples: Raw inputs and targets.
        preparation: Fitted on the training samples alone: held-out samples must not leak into it.
    """

    shape: DatasetShape
    samples: SplitSamples
    preparation: AnyPreparation


Loader = Callable[[Any, LoadContext[Any]], LoadedData]
"""Loads the samples of one class of dataset, splits them and fits their preparation.

Raises:
    DatasetMissing: If its files are not on this machine.
    InvalidInput: If its files are not valid.
    InvalidSpec: If the split leaves nothing to train on.
"""


def find_upload(dataset: UploadedDataset, datasets_dir: Path) -> DatasetFolder:
    """Return the folder of the upload that a spec names.

    Raises:
        DatasetMissing: If the spec does not contain the version.
    """
    if dataset.sha256 is None:
        raise DatasetMissing(
            f"The spec does not say which upload of '{dataset.dataset}' it means: sha256 is missing. Submit it again: "
            "the service fills it in."
        )
    return DatasetFolder.of(datasets_dir, content_key(dataset.sha256, dataset.reading))
