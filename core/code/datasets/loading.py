"""Writers of the sources of samples."""

from core.code.datasets import (
    arrays,
    binary_addition,
    digits,
    function,
    images,
    inline,
    iris,
    mnist,
    series,
    table,
    time_series,
    truth_table,
)
from core.code.datasets.base import Loaded, SourceContext, SourceWriter
from core.code.draft import Draft
from core.datasets.arrays import ArraysDataset
from core.datasets.base import DatasetSpec
from core.datasets.binary_addition import BinaryAdditionDataset
from core.datasets.digits import DigitsDataset
from core.datasets.function import FunctionDataset
from core.datasets.images import ImagesDataset
from core.datasets.inline import InlineDataset
from core.datasets.iris import IrisDataset
from core.datasets.mnist import MnistDataset
from core.datasets.series import SeriesDataset
from core.datasets.table import TableDataset
from core.datasets.time_series import TimeSeriesDataset
from core.datasets.truth_table import TruthTableDataset

WRITERS: dict[type[DatasetSpec], SourceWriter] = {
    IrisDataset: iris.write,
    DigitsDataset: digits.write,
    BinaryAdditionDataset: binary_addition.write,
    FunctionDataset: function.write,
    TimeSeriesDataset: time_series.write,
    TruthTableDataset: truth_table.write,
    InlineDataset: inline.write,
    MnistDataset: mnist.write,
    TableDataset: table.write,
    SeriesDataset: series.write,
    ArraysDataset: arrays.write,
    ImagesDataset: images.write,
}
"""Writer of every class of the union core.datasets.dataset.Dataset."""


def write_data(draft: Draft, context: SourceContext) -> Loaded:
    """Write the sections that load, split and prepare the samples.

    Raises:
        NotImplementedError: If the class of the dataset is not in WRITERS.
    """
    dataset = context.spec.dataset
    writer = WRITERS.get(type(dataset))
    if writer is None:
        raise NotImplementedError(
            f"No source loads {type(dataset).__name__}. Write it in core/code/datasets/{dataset.source_name()}.py and "
            "add it to WRITERS in core/code/datasets/loading.py."
        )
    return writer(draft, dataset, context)
