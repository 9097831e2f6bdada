"""What loading a dataset gives."""

from dataclasses import dataclass

from core.datasets.shape import DatasetShape
from models.arrays.samples import SplitSamples
from models.preparation.preparation import AnyPreparation


@dataclass(frozen=True, slots=True)
class LoadedData:
    """A dataset's samples, and what happens to them before they reach the network.

    Attributes:
        shape: Exact where only the data could tell.
        samples: Raw inputs and targets.
        preparation: Learned from the training samples alone.
    """

    shape: DatasetShape
    samples: SplitSamples
    preparation: AnyPreparation
