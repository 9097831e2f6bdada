"""Pixels of an upload's images: decoded once, and cached in a file for later runs."""

import errno
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InvalidInput, TrainingFailed
from core.images.files import ImageRefused
from core.images.pixels import GENERATION, Pixels, Resize, read_pixels
from core.system.machine import usable_processors
from core.uploads.folder import DatasetFolder

logger = logging.getLogger("trainyard.data")

BYTES_AT_ONCE = 1 << 24
"""Bytes of pixels that are decoded before they are written."""

Records = npt.NDArray[Any]
"""Structured array (n,) with the dtype core.uploads.folder.IMAGE_RECORD."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """Decoding of image files to pixels of one size.

    Attributes:
        folder: Folder of the upload.
        name: Name of the upload.
        size: Height, width and channels.
        resize: Fitting of images with another aspect ratio.
    """

    folder: DatasetFolder
    name: str
    size: tuple[int, int, int]
    resize: Resize

    def decode(self, records: Records, cache_dir: Path | None) -> Pixels:
        """Decode images to (n, *size), memory-mapped if there is a cache.

        Args:
            records: Records of the images.
            cache_dir: Cache of decoded images, shared with other runs; None for no cache.

        Raises:
            InvalidInput: If an image cannot be read.
            TrainingFailed: If the disk is full.
        """
        if cache_dir is None:
            return np.concatenate(list(self._decode_parts(records)))
        path = cache_dir / "images" / f"{self._key(records)}.npy"
        found = _find(path, (len(records), *self.size))
        if found is not None:
            return found
        started = perf_counter()
        try:
            pixels = self._decode_into(path, records)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise TrainingFailed(
                f"The disk is too small for the pixels of {len(records):,} images, "
                f"{len(records) * int(np.prod(self.size)) / 1e9:.1f} GB. Free space in {path.parent}, or use "
                "smaller images (dataset.height, dataset.width) or fewer (dataset.max_train_samples)."
            ) from error
        logger.info("decoded %d images in %.1f s", len(records), perf_counter() - started)
        return pixels

    def _key(self, records: Records) -> str:
        # The folder's name is the sha256 of the upload; the records identify the images.
        parts = (self.folder.path.name, self.size, self.resize, GENERATION, version("pillow"))
        return sha256(repr(parts).encode() + records.tobytes()).hexdigest()[:32]

    def _decode_into(self, path: Path, records: Records) -> Pixels:
        """Write the pixels to a file and rename it once it is complete."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (len(records), *self.size)
        with NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file, _deleted_if_it_fails(file.name):
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            offset = file.tell()
            # Written, not memory-mapped: a full disk then raises an error instead of killing the process.
            for part in self._decode_parts(records):
                file.write(part.data)
            file.flush()
            os.fsync(file.fileno())
            pixels = np.memmap(file, np.uint8, "r", offset, shape)
            # A clean-up of the cache may have deleted the name meanwhile; the open file stays readable.
            with suppress(FileNotFoundError):
                Path(file.name).replace(path)
        return pixels

    def _decode_parts(self, records: Records) -> Iterator[Pixels]:
        """Yield the pixels of chunks of images, decoded in parallel.

        Threads are enough: decoding releases the GIL, and the rest takes some seconds even for all images of CIFAR-10.
        """
        num_at_once = max(1, BYTES_AT_ONCE // int(np.prod(self.size)))
        with self.folder.image_bytes.open("rb") as file, ThreadPoolExecutor(usable_processors()) as pool:

            def decode(place: int) -> Pixels:
                return self._decode_one(file.fileno(), records[place], place)

            for start in range(0, len(records), num_at_once):
                places = range(start, min(start + num_at_once, len(records)))
                yield np.stack(list(pool.map(decode, places)))

    def _decode_one(self, file: int, record: Any, place: int) -> Pixels:
        content = os.pread(file, int(record["num_bytes"]), int(record["offset"]))
        try:
            return read_pixels(content, self.size, self.resize)
        except ImageRefused as error:
            raise InvalidInput(
                f"Image {place + 1:,} of '{self.name}', in the order of their paths, {error.reason} "
                "Remove or repair it, and upload the dataset again."
            ) from error


@contextmanager
def _deleted_if_it_fails(name: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _find(path: Path, shape: tuple[int, ...]) -> Pixels | None:
    """Load the cached pixels of an earlier run; None if there are none, or they are not valid."""
    try:
        pixels = np.load(path, mmap_mode="r")
        # The least recently used files are deleted first.
        os.utime(path)
    except (OSError, ValueError, EOFError):
        return None
    return pixels if pixels.shape == shape and pixels.dtype == np.uint8 else None
