"""All checks of the samples of a run."""

from math import exp, inf, log

from core.datasets.arrays import ArraysDataset
from core.datasets.base import DatasetSpec, UploadedDataset
from core.datasets.features import TableShape
from core.datasets.inline import InlineDataset
from core.datasets.series import SeriesDataset
from core.datasets.shape import DatasetShape
from core.datasets.table import TableDataset
from core.notices import Notice
from models.arrays.samples import SplitSamples
from models.data_checks.classes import warn_of_absent_classes
from models.data_checks.constants import warn_of_constants
from models.data_checks.duplicates import warn_of_same_samples
from models.data_checks.leakage import warn_of_leakage
from models.data_checks.places import list_places

LOG_OF_MANY = 700.0
"""Logarithm of a number that no table has rows for."""


def check_data(dataset: DatasetSpec, shape: DatasetShape, samples: SplitSamples) -> tuple[Notice, ...]:
    """Return warnings about the samples of a run, which its spec and the description of the data do not show.

    Args:
        dataset: Dataset of the spec.
        shape: Exact shape of the samples.
        samples: Raw samples by split.
    """
    notices = warn_of_absent_classes(shape, samples)
    if not isinstance(dataset, UploadedDataset | InlineDataset) or isinstance(dataset, SeriesDataset):
        # Generated samples are as their source means them; windows overlap.
        return tuple(notices)
    if isinstance(dataset, TableDataset | ArraysDataset | InlineDataset):
        places = list_places(dataset, shape)
        if isinstance(dataset, TableDataset):
            notices += warn_of_constants(places, samples.train)
        notices += warn_of_leakage(places, shape, samples.train)
    notices += warn_of_same_samples(samples, _count_possible(shape))
    return tuple(notices)


def _count_possible(shape: DatasetShape) -> float:
    """Return the number of different rows that a table's values could form; infinite if it is not known."""
    if not isinstance(shape, TableShape):
        return inf
    # Summed as logarithms, since the product may be beyond any number.
    numbers = [column.num_values + column.has_missing for column in shape.features.columns]
    size = sum(map(log, filter(None, [*numbers, len(shape.class_labels)])))
    return exp(size) if size < LOG_OF_MANY else inf
