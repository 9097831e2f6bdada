"""Files of datasets on this machine: which are here, and taking in new ones."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from starlette.concurrency import run_in_threadpool

from api.idx_headers import NotIdx, check_idx_file
from api.refusals import InvalidDatasetFile
from core.errors import Problem, UnknownDataset, nearest

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
    """Take in a file of a dataset: whole, and checked, or not at all.

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
        raise InvalidDatasetFile(detail, [Problem("", detail, "not_idx")]) from error


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
