"""Union of all data sources."""

from typing import Annotated, get_args

from pydantic import Field

from core.datasets.arrays import ArraysDataset
from core.datasets.base import BuiltInDataset, DatasetSpec, UploadedDataset
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

Dataset = Annotated[
    IrisDataset
    | DigitsDataset
    | MnistDataset
    | BinaryAdditionDataset
    | FunctionDataset
    | TimeSeriesDataset
    | TruthTableDataset
    | InlineDataset
    | TableDataset
    | SeriesDataset
    | ArraysDataset
    | ImagesDataset,
    Field(discriminator="name"),
]

SOURCES: tuple[type[DatasetSpec], ...] = get_args(get_args(Dataset)[0])
"""The classes of the union."""

BUILT_IN_SOURCES: tuple[type[BuiltInDataset], ...] = tuple(
    source for source in SOURCES if issubclass(source, BuiltInDataset)
)

UPLOADED_SOURCES: tuple[type[UploadedDataset], ...] = tuple(
    source for source in SOURCES if issubclass(source, UploadedDataset)
)
