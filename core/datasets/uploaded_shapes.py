"""Uploaded data: which of it a run learns from, and how it is prepared."""

from core.datasets.arrays import ArraysDataset, shape_of_arrays
from core.datasets.base import UploadedDataset
from core.datasets.images import ImagesDataset, shape_of_images
from core.datasets.series import SeriesDataset, shape_of_series
from core.datasets.shape import DatasetShape
from core.datasets.table import TableDataset, shape_of_table
from core.errors import DatasetMissing, InvalidSpec, Problem
from core.uploads.description import ArraysDescription, DatasetDescription, ImagesDescription, TableDescription

OwnData = TableDataset | SeriesDataset | ArraysDataset | ImagesDataset

KINDS = {"table": "table", "series": "table", "arrays": "arrays", "images": "images"}
"""What has to have been uploaded for each name of a dataset."""


def shape_of_own_data(dataset: UploadedDataset, description: DatasetDescription | None) -> DatasetShape:
    """Hold a spec against the description of an upload, and say what arrays come of it.

    Raises:
        DatasetMissing: If there is no description: nothing was uploaded under this name.
        InvalidSpec: If the spec asks for what the upload does not have, with pointers into the spec.
    """
    if description is None:
        raise DatasetMissing(
            f"There is no dataset '{dataset.dataset}' here. Upload it: trainyard data add {dataset.dataset} FILE"
        )
    if isinstance(dataset, ImagesDataset) and isinstance(description, ImagesDescription):
        return shape_of_images(dataset, description)
    if isinstance(dataset, TableDataset) and isinstance(description, TableDescription):
        return shape_of_table(dataset, description)
    if isinstance(dataset, SeriesDataset) and isinstance(description, TableDescription):
        return shape_of_series(dataset, description)
    if isinstance(dataset, ArraysDataset) and isinstance(description, ArraysDescription):
        return shape_of_arrays(dataset, description)
    problem = (
        f"'{dataset.dataset}' holds {description.kind}. A spec names such data with dataset.name '{description.kind}'."
    )
    raise InvalidSpec(problem, [Problem("/dataset/name", problem, "other_kind_of_data")])
