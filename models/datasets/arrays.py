"""Samples from uploaded arrays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.arrays import ArraysDataset, ArraysShape
from core.datasets.shape import GREATEST_BYTE
from core.datasets.splits import Split, count_split
from core.errors import InvalidInput
from core.signatures.labels import Label
from models.arrays.distances import Location
from models.arrays.samples import Samples, SplitSamples
from models.arrays.storage import Storage
from models.datasets.base import LoadContext, LoadedData
from models.datasets.splits import split_rows
from models.preparation.preparation import Preparation, fit_wide_scaling
from models.preparation.table_fitting import fit_scaling

BYTES_AT_ONCE = 1 << 25

LEAST_ITEM_SIZE = 4
"""Bytes of the shortest numbers of which float32 may lose digits."""


def load(dataset: ArraysDataset, context: LoadContext[ArraysShape]) -> LoadedData:
    """Memory-map and split uploaded arrays.

    Raises:
        InvalidInput: If all training samples have the same class.
    """
    shape = context.shape
    samples, given = read_arrays(shape, context.upload_folder(dataset).arrays)
    parts = split_arrays(samples, given, dataset.split, context)
    if shape.class_labels and len(np.unique(parts.train.targets)) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise InvalidInput("The training samples are all of one class. Set split.stratify, or hold out fewer.")
    return LoadedData(
        replace(shape, num_train=len(parts.train)), parts, _fit(dataset, shape.arrays.inputs.dtype, parts.train.inputs)
    )


def read_arrays(shape: ArraysShape, folder: Path) -> tuple[Samples, Samples | None]:
    """Map the arrays of a shape; the second samples are those that the upload brings for test, if it does.

    Raises:
        InvalidInput: If test targets are classes that training targets lack.
    """
    arrays = shape.arrays
    samples = _read(shape, folder, arrays.inputs.name, arrays.targets.name)
    if arrays.test_inputs is None or arrays.test_targets is None:
        return samples, None
    return samples, _read(shape, folder, arrays.test_inputs.name, arrays.test_targets.name)


def split_arrays(
    samples: Samples, given_test: Samples | None, split: Split, context: LoadContext[ArraysShape]
) -> SplitSamples:
    """Divide mapped samples; those held out are copied, and so is what they leave."""
    num_given, storage = 0 if given_test is None else len(given_test), context.storage
    counts = count_split(split, len(samples), num_given)
    train, validation, test = split_rows(
        len(samples), counts.validation, counts.test - num_given, split, context.seed, samples.targets
    )
    return SplitSamples(
        train=samples if len(train) == len(samples) else _take(samples, train, storage),
        validation=_take(samples, validation, storage),
        test=_take(samples, test, storage) if given_test is None else given_test,
    )


def _read(shape: ArraysShape, folder: Path, inputs_name: str, targets_name: str) -> Samples:
    inputs = np.load(folder / f"{inputs_name}.npy", mmap_mode="r", allow_pickle=False)
    column = shape.arrays.target_column
    if column is not None:
        kept = [other for other in range(inputs.shape[1]) if other != column]
        targets = inputs[:, column]
        # Contiguous columns are a view of the file; others are copied.
        is_edge = column in {0, inputs.shape[1] - 1}
        inputs = inputs[:, kept[0] : kept[-1] + 1] if is_edge else inputs[:, kept]
        return Samples(inputs, np.asarray(targets)[:, None])
    targets = np.load(folder / f"{targets_name}.npy", mmap_mode="r", allow_pickle=False)
    if shape.class_labels:
        return Samples(inputs, _number_classes(targets, shape.class_labels))
    return Samples(inputs, np.asarray(targets).reshape(len(targets), *shape.target_shape))


def _number_classes(targets: npt.NDArray[Any], labels: tuple[Label, ...]) -> npt.NDArray[np.int64]:
    # Python compares whole numbers exactly, of any size and type; float64 would merge those above 2^53.
    known = {label: number for number, label in enumerate(labels)}
    different, places = np.unique(targets, return_inverse=True)
    found = different.tolist()
    strange = next((value for value in found if value not in known), None)
    if strange is not None:
        raise InvalidInput(f"The test targets contain {strange}, which is not a class of the training targets.")
    return np.array([known[value] for value in found], np.int64)[places]


def _take(samples: Samples, rows: npt.NDArray[np.intp], storage: Storage) -> Samples:
    """Return these samples, copied in chunks."""
    inputs = storage.empty((len(rows), *samples.inputs.shape[1:]), samples.inputs.dtype)
    at_once = max(1, BYTES_AT_ONCE // max(1, samples.inputs[:1].nbytes))
    for start in range(0, len(rows), at_once):
        part = slice(start, start + at_once)
        inputs[part] = samples.inputs[rows[part]]
    return Samples(inputs, samples.targets[rows])


def _fit(dataset: ArraysDataset, dtype: str, train: npt.NDArray[Any]) -> Preparation:
    factor = 1 / GREATEST_BYTE if dataset.rescale and dtype == "uint8" else 1.0
    if dataset.scaling == "none":
        return Preparation(factor=factor)
    width = train.shape[1]
    location = None if train.dtype.itemsize < LEAST_ITEM_SIZE else Location.of(train)
    if location is not None and not location.keeps_digits:
        return fit_wide_scaling(dataset.scaling, train, location)
    offset, spread = fit_scaling(np.arange(width), np.zeros(width), [dataset.scaling] * width, train)
    return Preparation(
        factor=factor, offset=tuple(n * factor for n in offset), spread=tuple(n * factor for n in spread)
    )
