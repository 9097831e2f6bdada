"""Arguments and results of loading a dataset."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.datasets.base import UploadedDataset
from core.datasets.shape import DatasetShape
from core.errors import DatasetMissing
from core.uploads.folder import DatasetFolder
from models.arrays.samples import SplitSamples
from models.arrays.storage import Storage
from models.preparation.preparation import AnyPreparation

AnyShape = TypeVar("AnyShape", bound=DatasetShape)


@dataclass(frozen=True, slots=True)
class LoadContext(Generic[AnyShape]):
    """Arguments of loading a dataset, its spec aside.

    Attributes:
        shape: What the spec promises; made once, by its method `shape`.
        seed: The experiment's; draws, noise and splits follow from it.
        storage: Keeps arrays, and a cache of what is decoded.
        datasets_dir: Where datasets that are files lie.
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
    """A dataset's samples, and what happens to them before they reach the network.

    Attributes:
        shape: Exact where only the data could tell.
        samples: Raw inputs and targets.
        preparation: Learned from the training samples alone: held-out ones must not leak into it.
    """

    shape: DatasetShape
    samples: SplitSamples
    preparation: AnyPreparation


Loader = Callable[[Any, LoadContext[Any]], LoadedData]
"""Reads or draws the samples of one class of dataset, splits them and fits their preparation.

Raises:
    DatasetMissing: If its files are not on this machine.
    InvalidInput: If they are not what they should be.
    InvalidSpec: If the split leaves nothing to train on.
"""


def find_upload(dataset: UploadedDataset, datasets_dir: Path) -> DatasetFolder:
    """Return the folder of the upload that a spec names.

    Raises:
        DatasetMissing: If the spec does not say which version it means.
    """
    if dataset.sha256 is None:
        raise DatasetMissing(
            f"The spec does not say which upload of '{dataset.dataset}' it means: sha256 is missing. Submit it again: "
            "the service fills it in."
        )
    return DatasetFolder.of(datasets_dir, dataset.sha256)
