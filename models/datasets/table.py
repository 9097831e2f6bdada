"""Samples from the rows of an uploaded table."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.features import FeatureColumn, TableShape
from core.datasets.shape import DatasetShape
from core.datasets.table import TableDataset
from core.errors import InvalidInput
from core.notices import Notice
from core.signatures.encodings import TableEncoding
from core.signatures.labels import Label
from core.specs.base import FLOAT32_MAX
from core.system.machine import usable_processors
from core.uploads.table_reader import TableReader, filled
from models.arrays.samples import Samples, SplitSamples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.table_split import divide_rows, masks_of
from models.preparation.columns import encode_rows, fit_encoding
from models.preparation.table import TablePreparation
from models.preparation.table_fitting import find_embeddings, fit_table_preparation

NO_CLASS = -1


def load(dataset: TableDataset, context: LoadContext[TableShape]) -> LoadedData:
    """Read, split and encode a table, and fit its preparation on the training rows.

    Raises:
        InvalidInput: If no training samples are left.
    """
    shape, storage, path = context.shape, context.storage, context.upload_folder(dataset).table
    columns, split = shape.features.columns, dataset.split
    order_by = () if split.order_by is None else (split.order_by,)
    with (
        TemporaryDirectory(dir=storage.folder, prefix="rows-") as folder,
        TableReader(
            path, needed_columns(dataset, columns), order_by, Path(folder), num_threads=usable_processors()
        ) as reader,
    ):
        targets, is_used, lost = _read_targets(reader, dataset.target, shape)
        parts = divide_rows(reader, split, is_used, targets, context.seed)
        masks = masks_of(parts)
        encoding, warnings = fit_encoding(reader, columns, masks[0])
        encoded = encode_rows(reader, columns, encoding, masks, storage)
    preparation = fit_table_preparation(columns, encoding, encoded[0])
    train, validation, test = (
        Samples(rows, targets[mask] if shape.class_labels else targets[mask][:, None])
        for rows, mask in zip(encoded, masks, strict=True)
    )
    _check_classes(dataset, train.targets, shape)
    samples = SplitSamples(train, validation, test)
    fitted = fitted_shape(shape, samples, columns, encoding, preparation)
    return LoadedData(fitted.with_warnings((*lost, *warnings)), samples, preparation)


def needed_columns(dataset: Any, columns: tuple[FeatureColumn, ...]) -> list[str]:
    """Return the columns to read, besides the column of the upload's own split."""
    split = dataset.split.column
    return [*(column.name for column in columns), dataset.target, *([split] if split else [])]


def fitted_shape(
    shape: DatasetShape,
    samples: SplitSamples,
    columns: tuple[FeatureColumn, ...],
    encoding: TableEncoding,
    preparation: TablePreparation,
) -> DatasetShape:
    """Return the exact shape, which depends on the training rows.

    Raises:
        InvalidInput: If no feature has a value.
    """
    if not preparation.width:
        raise InvalidInput(
            "No training row has a value in any feature column. Choose other features, or hold out other rows."
        )
    return replace(
        shape,
        input_shape=(*shape.input_shape[:-1], encoding.width),
        network_input_shape=(*shape.network_input_shape[:-1], preparation.width),
        num_train=len(samples.train),
        num_validation=len(samples.validation),
        num_test=len(samples.test),
        table=encoding,
        embeddings=find_embeddings(columns, encoding),
    )


def _read_targets(
    reader: TableReader, target: str, shape: DatasetShape
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], tuple[Notice, ...]]:
    """Return class numbers or numbers (rows,), the mask of rows that have one, and warnings."""
    if shape.class_labels:
        classes = np.full(reader.num_rows, NO_CLASS, np.int64)
        for rows, chunk in reader.read([target]):
            classes[rows] = _number_classes(chunk[target], shape.class_labels)
        return classes, classes != NO_CLASS, ()
    return read_numbers(reader, target)


def read_numbers(
    reader: TableReader, column: str
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], tuple[Notice, ...]]:
    """Return the numbers of a column (rows,) in 64 bits, the mask of rows with one in float32's range, and warnings."""
    numbers: npt.NDArray[Any] = np.zeros(reader.num_rows, np.float64)
    is_known = np.zeros(reader.num_rows, np.bool_)
    num_too_large = 0
    for rows, chunk in reader.read([column]):
        plain, is_missing = filled(chunk[column])
        if not rows.start and plain.dtype.kind in "iu":
            numbers = np.zeros(reader.num_rows, plain.dtype)
        numbers[rows] = plain
        is_number = ~is_missing & np.isfinite(plain)
        is_known[rows] = is_number & (np.abs(plain.astype(np.float64)) <= FLOAT32_MAX)
        num_too_large += int(is_number.sum() - is_known[rows].sum())
    detail = (
        f"{num_too_large:,} rows whose value of '{column}' is beyond the range of 32-bit floats (3.4e38) are left out. "
        "Divide the column by a constant."
    )
    return numbers, is_known, (Notice("rows_dropped", "/dataset/target", detail),) if num_too_large else ()


def _number_classes(values: Any, labels: tuple[Label, ...]) -> list[int]:
    plain, is_missing = filled(values)
    # Labels have the type of the column, so that whole numbers above 2^53 stay apart.
    known = {label: number for number, label in enumerate(labels)}
    keys: list[Any] = plain.tolist()
    return [NO_CLASS if gone else known.get(key, NO_CLASS) for key, gone in zip(keys, is_missing.tolist(), strict=True)]


def _check_classes(dataset: TableDataset, classes: npt.NDArray[Any], shape: DatasetShape) -> None:
    if shape.class_labels and len(np.unique(classes)) < 2:  # noqa: PLR2004 - one class cannot be learned
        raise InvalidInput(
            f"The {len(classes):,} training rows all have the same value of '{dataset.target}'. Set split.stratify, "
            "hold out fewer rows, or upload more."
        )
