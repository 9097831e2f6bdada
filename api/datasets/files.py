"""Files of datasets on this machine: which are here, and storing new ones after a check of their format."""

import gzip
import os
import struct
import tempfile
import zlib
from collections.abc import AsyncIterator
from math import prod
from pathlib import Path
from typing import IO, cast

from starlette.concurrency import run_in_threadpool

from api.http.errors import InvalidDatasetFile
from core.errors import UnknownDataset, nearest

UNSIGNED_BYTE = 0x08

PIECE_BYTES = 256 * 1024


class NotIdx(ValueError):
    """The file is not what it should be; the text says why, as in `it ends within its header`."""


def check_idx_file(path: Path, *, is_gzipped: bool, item_shape: tuple[int, ...], max_items: int) -> int:
    """Check the header of an IDX file, and that what follows is as long as it says.

    No more is ever unpacked than the header promises, and that is bounded by `max_items`.

    Args:
        path: The file.
        is_gzipped: Whether it has to be unpacked.
        item_shape: Sizes of one item; () for single numbers.
        max_items: Most items that are taken.

    Returns:
        How many items it holds.

    Raises:
        NotIdx: If it is not such a file.
    """
    try:
        with _open(path, is_gzipped=is_gzipped) as file:
            return _check_items(file, item_shape, max_items)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise NotIdx(f"it cannot be unpacked ({error})") from error


def _open(path: Path, *, is_gzipped: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzipped else path.open("rb")


def _check_items(file: IO[bytes], item_shape: tuple[int, ...], max_items: int) -> int:
    num_axes = 1 + len(item_shape)
    magic = bytes((0, 0, UNSIGNED_BYTE, num_axes))
    beginning = file.read(len(magic))
    if beginning != magic:
        raise NotIdx(f"it begins with {beginning.hex() or 'nothing'}, not with {magic.hex()}")
    axes = file.read(4 * num_axes)
    if len(axes) < 4 * num_axes:
        raise NotIdx("it ends within its header")
    num_items, *sizes = struct.unpack(f">{num_axes}I", axes)
    if tuple(sizes) != item_shape:
        raise NotIdx(f"its items have the shape {tuple(sizes)}, not {item_shape}")
    if not 1 <= num_items <= max_items:
        raise NotIdx(f"it holds {num_items} items, where 1 to {max_items} belong")
    expected = num_items * prod(item_shape)
    found = _count(file, expected + 1)
    if found != expected:
        how = "more" if found > expected else f"only {found}"
        raise NotIdx(f"its header promises {expected} bytes and {how} follow")
    return int(num_items)


def _count(file: IO[bytes], most: int) -> int:
    num_bytes = 0
    while num_bytes < most and (piece := file.read(min(PIECE_BYTES, most - num_bytes))):
        num_bytes += len(piece)
    return num_bytes


MNIST = "mnist"

MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

GZIP_SUFFIX = ".gz"

PREFIXES = ("", "mnist-")
"""Files put into the folder by hand may have the name of the dataset in front."""

IMAGE_SIZE = (28, 28)

MAX_ITEMS = {"train": 60_000, "t10k": 10_000}

MAX_FILE_BYTES = 64 * 1024 * 1024


def present_files(datasets_dir: Path, dataset: str) -> list[str]:
    """The files of a dataset that are here, by the names they have; empty for data that needs none."""
    if dataset != MNIST:
        return []
    found = (_find(datasets_dir / MNIST, name) for name in MNIST_FILES)
    return [path.name for path in found if path is not None]


def missing_files(datasets_dir: Path, dataset: str) -> list[str]:
    """The published names of the files of a dataset that are not here; empty for data that needs none."""
    if dataset != MNIST:
        return []
    return [name for name in MNIST_FILES if _find(datasets_dir / MNIST, name) is None]


def check_filename(dataset: str, filename: str) -> str:
    """The published name of a file, `.gz` left out.

    Raises:
        UnknownDataset: If this dataset takes no file of this name, naming the nearest that one takes.
    """
    if dataset != MNIST:
        raise UnknownDataset(f"There is no dataset '{dataset[:80]}' that takes files, only '{MNIST}'.")
    name = filename.removesuffix(GZIP_SUFFIX)
    if name not in MNIST_FILES:
        hint = nearest(name[:80], MNIST_FILES)
        raise UnknownDataset(f"'{MNIST}' has no file '{filename[:80]}'.{hint} Each may end in {GZIP_SUFFIX}.")
    return name


async def store_file(datasets_dir: Path, dataset: str, filename: str, pieces: AsyncIterator[bytes]) -> None:
    """Store a file of a dataset: whole, and checked, or not at all.

    Raises:
        UnknownDataset: If this dataset takes no file of this name.
        InvalidDatasetFile: If it is not what its name says.
    """
    name = check_filename(dataset, filename)
    folder = datasets_dir / dataset
    await run_in_threadpool(folder.mkdir, parents=True, exist_ok=True)
    descriptor, temporary_name = await run_in_threadpool(tempfile.mkstemp, dir=folder, prefix=".incoming-")
    temporary = Path(temporary_name)
    try:
        with os.fdopen(descriptor, "wb") as writer:
            async for piece in pieces:
                await run_in_threadpool(writer.write, piece)
            await run_in_threadpool(_sync, writer)
        await run_in_threadpool(_check, temporary, filename, name)
        await run_in_threadpool(_put_in_place, temporary, folder / filename, name)
    except BaseException:
        # Not in a thread: where this task is being cancelled, nothing may be waited for.
        os.unlink(temporary)  # noqa: PTH108 - the rule against blocking calls knows only pathlib.
        raise


def _sync(writer: IO[bytes]) -> None:
    writer.flush()
    os.fsync(writer.fileno())


def _check(path: Path, filename: str, name: str) -> None:
    is_image = "images" in name
    try:
        check_idx_file(
            path,
            is_gzipped=filename.endswith(GZIP_SUFFIX),
            item_shape=IMAGE_SIZE if is_image else (),
            max_items=MAX_ITEMS[name.partition("-")[0]],
        )
    except NotIdx as error:
        detail = f"{filename} is not the file that belongs under this name: {error}. Send it as it was published."
        raise InvalidDatasetFile.at("", detail, "not_idx") from error


def _put_in_place(temporary: Path, target: Path, name: str) -> None:
    # A file made for this user alone could not be read by a worker that runs as another.
    temporary.chmod(0o644)
    temporary.replace(target)
    for path in _candidates(target.parent, name):
        # What was here under another form of the name would be read instead.
        if path != target:
            path.unlink(missing_ok=True)


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in _candidates(folder, name) if path.is_file()), None)


def _candidates(folder: Path, name: str) -> list[Path]:
    return [folder / f"{prefix}{name}{suffix}" for prefix in PREFIXES for suffix in (GZIP_SUFFIX, "")]
