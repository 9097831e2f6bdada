"""MNIST's files as older releases kept them, one by one in datasets/mnist: stored as the upload that they are now."""

import fcntl
import gzip
import logging
import os
import tarfile
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, cast

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from api.datasets.intake import ingest_pieces
from api.service import Service
from core.datasets.arrays import USUAL_NAMES, find_usual_name
from core.datasets.mnist import MNIST
from core.errors import DatasetMissing, TrainyardError, UnknownDataset
from db import datasets
from db.records.datasets import DatasetVersionRecord

logger = logging.getLogger(__name__)

PIECE_BYTES = 1024 * 1024

LOCK = ".older-mnist.lock"

GZIP_MAGIC = b"\x1f\x8b"


async def adopt_older_mnist(service: Service) -> None:
    """Upload the files that lie in datasets/mnist, and remove them once that has succeeded.

    They make the archive that `trainyard data add mnist DIR` makes of them. Where that fails they stay, and the log
    says why: the service can do without them.
    """
    folder = service.settings.datasets_dir / MNIST
    if not await run_in_threadpool(_list_files, folder):
        return
    try:
        async with _alone(service.settings.datasets_dir / LOCK):
            # Another process that started at the same time may have done it meanwhile.
            if files := await run_in_threadpool(_list_files, folder):
                await _adopt(service, folder, files)
    except (TrainyardError, OSError, EOFError, zlib.error) as error:
        reason = error.detail if isinstance(error, TrainyardError) else str(error)
        logger.warning(
            "MNIST's files in %s could not be stored as the dataset '%s', and are not used: %s "
            "Upload the four files: trainyard data add mnist %s",
            folder, MNIST, reason, folder,
        )  # fmt: skip


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """Hold the lock of a file, so that of several processes one does the work and the others wait for it."""
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        await run_in_threadpool(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
        await run_in_threadpool(path.unlink, missing_ok=True)
    finally:
        os.close(lock)


async def _adopt(service: Service, folder: Path, files: dict[str, Path]) -> None:
    if await run_in_threadpool(_is_uploaded, service):
        logger.warning("MNIST's files in %s are not used: there is a dataset '%s'. Delete them.", folder, MNIST)
        return
    if not all(find_usual_name(files, field) for field in USUAL_NAMES):
        raise DatasetMissing(f"Of the four files only {', '.join(files)} are there.")
    record, _ = await ingest_pieces(service, _pack(files), MNIST, f"{MNIST}.tar")
    num_runs = await run_in_threadpool(_pin_runs, service, record)
    await run_in_threadpool(_remove, folder, files)
    logger.info(
        "MNIST's files in %s are now version %d of the dataset '%s', for %d runs that wait.",
        folder, record.version, MNIST, num_runs,
    )  # fmt: skip


def _list_files(folder: Path) -> dict[str, Path]:
    """Return the files by their published names, in the order of these: without `mnist-` in front and `.gz` behind."""
    found: dict[str, Path] = {}
    # Of several forms of a file, the one that was read before comes first.
    for path in sorted(
        folder.glob("*-ubyte*"), key=lambda path: (path.name.startswith("mnist-"), path.suffix != ".gz")
    ):
        if path.is_file():
            found.setdefault(path.name.removesuffix(".gz").removeprefix("mnist-"), path)
    return dict(sorted(found.items()))


def _is_uploaded(service: Service) -> bool:
    with service.database.reading() as session:
        try:
            datasets.get_version(session, MNIST)
        except UnknownDataset:
            return False
        return True


async def _pack(files: dict[str, Path]) -> AsyncGenerator[bytes]:
    async for piece in iterate_in_threadpool(_pieces(files)):
        yield piece


def _pieces(files: dict[str, Path]) -> Iterator[bytes]:
    """Yield the archive that the client makes of the files: names and bytes, no times or owners, nothing gzipped."""
    for name, path in files.items():
        header = tarfile.TarInfo(name)
        with _open(path) as file:
            header.size = file.seek(0, 2)
        yield header.tobuf(tarfile.GNU_FORMAT)
        with _open(path) as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
        yield bytes(-header.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzipped else path.open("rb")


def _pin_runs(service: Service, record: DatasetVersionRecord) -> int:
    with service.database.transaction() as session:
        return datasets.pin_runs(session, MNIST, record)


def _remove(folder: Path, files: dict[str, Path]) -> None:
    """Remove the files, and the folder if it holds nothing else; of a link to a folder the link alone."""
    if folder.is_symlink():
        folder.unlink()
        return
    for path in (*files.values(), *folder.glob(".incoming-*")):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
