"""Windows of the rows of an uploaded table."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.features import TableShape
from core.datasets.series import SeriesDataset, reject_window
from core.datasets.splits import count_split
from core.errors import InvalidInput
from core.notices import Notice
from core.system.machine import usable_processors
from core.uploads.table_reader import TableReader
from models.arrays.samples import Samples, SplitSamples
from models.arrays.windows import Windows
from models.datasets.base import LoadContext, LoadedData
from models.datasets.table import fitted_shape, needed_columns, read_numbers
from models.datasets.table_split import LEFT_OUT, TEST, TRAIN, VALIDATION, Parts, read_parts
from models.preparation.columns import category_texts, encode_rows, fit_encoding
from models.preparation.table_fitting import fit_table_preparation

Rows = npt.NDArray[np.intp]

Mask = npt.NDArray[np.bool_]


def load(dataset: SeriesDataset, context: LoadContext[TableShape]) -> LoadedData:
    """Cut windows from a table, and fit the preparation on the rows of training windows.

    Windows are divided by time, so the seed has no effect.

    Raises:
        InvalidSpec: If no window fits.
        InvalidInput: If no training samples are left.
    """
    shape, storage, path = context.shape, context.storage, context.upload_folder(dataset).table
    columns = shape.features.columns
    order_by = [name for name in (dataset.group_by, dataset.sorted_by) if name is not None]
    named = [*needed_columns(dataset, columns), *order_by]
    with (
        TemporaryDirectory(dir=storage.folder, prefix="rows-") as folder,
        TableReader(path, named, order_by, Path(folder), num_threads=usable_processors()) as reader,
    ):
        targets, is_known, lost = read_numbers(reader, dataset.target)
        starts = _find_windows(dataset, _read_borders(reader, dataset.group_by), is_known)
        windows = _divide_windows(dataset, starts, read_parts(reader, dataset.split), reader.num_rows)
        reached = [_reached_rows(dataset, part, reader.num_rows) for part in windows]
        encoding, warnings = fit_encoding(reader, columns, reached[TRAIN])
        encoded = encode_rows(reader, columns, encoding, reached, storage)
    preparation = fit_table_preparation(columns, encoding, encoded[TRAIN])
    samples = SplitSamples(
        *(
            Samples(_cut(rows, part, mask, dataset.window), _cut_targets(dataset, targets, part))
            for rows, part, mask in zip(encoded, windows, reached, strict=True)
        )
    )
    fitted = fitted_shape(shape, samples, columns, encoding, preparation)
    found = (*lost, *warnings, *_warn_of_dropped(windows, starts))
    return LoadedData(fitted.with_warnings(found), samples, preparation)


def _warn_of_dropped(windows: tuple[Rows, Rows, Rows], starts: list[Rows]) -> tuple[Notice, ...]:
    """Warn of windows that no split takes."""
    num_all, num_used = sum(map(len, starts)), sum(map(len, windows))
    if num_used == num_all:
        return ()
    detail = (
        f"{num_all - num_used:,} of {num_all:,} windows are left out: they reach over the border between splits, with "
        "rows of a later split than their target's. Use a shorter window, or splits of longer stretches of rows."
    )
    return (Notice("windows_dropped", "/dataset/split", detail),)


def _read_borders(reader: TableReader, group_by: str | None) -> Rows:
    """Return the first row of each series, and the number of all rows as the last border."""
    if group_by is None:
        return np.array([0, reader.num_rows], np.intp)
    borders: list[int] = []
    last: object = object()
    for rows, chunk in reader.read([group_by]):
        for number, text in enumerate(category_texts(chunk[group_by]), rows.start):
            if text != last:
                borders.append(number)
                last = text
    return np.array([*borders, reader.num_rows], np.intp)


def _find_windows(dataset: SeriesDataset, borders: Rows, is_known: Mask) -> list[Rows]:
    """Return the first rows of the windows of each series, in order; a window needs all of its targets."""
    span = dataset.window + dataset.horizon
    found = []
    # Number of missing targets among the first n rows.
    missing = np.concatenate([[0], np.cumsum(~is_known)])
    for first, end in pairwise(borders.tolist()):
        starts = np.arange(first, max(first, end - span + 1), dtype=np.intp)
        first_target = starts + (dataset.horizon if dataset.targets == "every_step" else span - 1)
        found.append(starts[missing[starts + span] == missing[first_target]])
    if not sum(map(len, found)):
        reject_window(dataset, int(np.diff(borders).max(initial=0)))
    return found


def _divide_windows(
    dataset: SeriesDataset, starts: list[Rows], parts: Parts | None, num_rows: int
) -> tuple[Rows, Rows, Rows]:
    """Return the first rows of the windows for training, validation and test.

    A window belongs to the split of its last target, and none of its rows may belong to a later split.
    """
    span = dataset.window + dataset.horizon
    if parts is None:
        parts = _parts_by_time(dataset, starts, num_rows)
    everything = np.concatenate(starts)
    ends = parts[everything + span - 1]
    chosen = []
    for part in (TRAIN, VALIDATION, TEST):
        later = np.concatenate([[0], np.cumsum((parts > part) | (parts == LEFT_OUT))])
        fits = (ends == part) & (later[everything + span] == later[everything])
        chosen.append(everything[fits])
    train, validation, test = chosen
    if not len(train):
        raise InvalidInput("No window contains only training rows. Use a shorter window, or hold out fewer rows.")
    return train, validation, test


def _parts_by_time(dataset: SeriesDataset, starts: list[Rows], num_rows: int) -> Parts:
    """Return the split of each row: in each series the last targets are for test, those before them for validation."""
    span = dataset.window + dataset.horizon
    sizes = np.array([len(windows) for windows in starts])
    counts = count_split(dataset.split, int(sizes.sum()))
    num_test = share_out(counts.test, sizes)
    num_validation = share_out(counts.validation, sizes - num_test)
    parts = np.full(num_rows, TRAIN, np.int8)
    for windows, test, validation in zip(starts, num_test.tolist(), num_validation.tolist(), strict=True):
        if not len(windows):
            continue
        ends = windows + span - 1
        num_train = len(windows) - test - validation
        # Rows after the last window of a series belong to no other window.
        for part, first, last in (
            (VALIDATION, num_train, num_train + validation),
            (TEST, num_train + validation, None),
        ):
            of_part = ends[first:last]
            if len(of_part):
                parts[of_part[0] : ends[-1] + 1] = part
    return parts


def share_out(count: int, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Divide `count` in proportion to the sizes; the largest remainders are rounded up."""
    total = sizes.sum()
    shares = sizes * count / total if total else sizes * 0.0
    takes: npt.NDArray[np.int64] = np.floor(shares).astype(np.int64)
    for place in np.argsort(takes - shares, kind="stable")[: count - takes.sum()]:
        takes[place] += 1
    return takes


def _reached_rows(dataset: SeriesDataset, starts: Rows, num_rows: int) -> Mask:
    """Return the mask of the rows in these windows."""
    # Count the windows that are open: one more at each start, one fewer at each end.
    changes = np.zeros(num_rows + 1, np.int32)
    np.add.at(changes, starts, 1)
    np.add.at(changes, starts + dataset.window, -1)
    return np.asarray(np.cumsum(changes[:-1]) > 0)


def _cut(rows: npt.NDArray[np.float32], starts: Rows, mask: Mask, window: int) -> Any:
    """Return the windows over the rows that were kept."""
    places = np.cumsum(mask) - 1
    return Windows(rows, places[starts], window)


def _cut_targets(dataset: SeriesDataset, targets: npt.NDArray[Any], starts: Rows) -> npt.NDArray[Any]:
    """Return targets (n, 1), or (n, window, 1) with one for every step."""
    if dataset.targets == "last":
        return targets[starts + dataset.window + dataset.horizon - 1, None]
    steps = starts[:, None] + dataset.horizon + np.arange(dataset.window)
    cut: npt.NDArray[Any] = targets[steps][..., None]
    return cut
