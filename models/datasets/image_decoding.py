"""Pixels of an upload's images: decoded once, and kept in a file for the runs to come."""

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
from core.images import GENERATION, ImageRefused, Pixels, Resize, read_pixels
from core.system.machine import usable_processors
from core.uploads.folder import DatasetFolder

logger = logging.getLogger("trainyard.data")

BYTES_AT_ONCE = 1 << 24
"""Of pixels that are decoded before they are written."""

Records = npt.NDArray[Any]
"""(n,), of core.uploads.folder.IMAGE_RECORD."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """Decoding of image files to pixels of one size.

    Attributes:
        folder: Of the upload.
        name: It was uploaded under.
        size: Height, width and channels.
        resize: How other proportions are fitted.
    """

    folder: DatasetFolder
    name: str
    size: tuple[int, int, int]
    resize: Resize

    def decode(self, records: Records, cache_dir: Path | None) -> Pixels:
        """Decode some of the images: (n, *size), mapped from a file where there is a folder to keep it in.

        Args:
            records: Of the images.
            cache_dir: What was decoded by an earlier run is found here, and kept here for later ones.

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
                f"The disk has no room for the pixels of {len(records):,} images, "
                f"{len(records) * int(np.prod(self.size)) / 1e9:.1f} GB. Make room under {path.parent}, or ask for "
                "smaller images (dataset.height, dataset.width) or fewer (dataset.max_train_samples)."
            ) from error
        logger.info("decoded %d images in %.1f s", len(records), perf_counter() - started)
        return pixels

    def _key(self, records: Records) -> str:
        # The folder is named after the sha256 of the upload; which images are wanted stands in their records.
        parts = (self.folder.path.name, self.size, self.resize, GENERATION, version("pillow"))
        return sha256(repr(parts).encode() + records.tobytes()).hexdigest()[:32]

    def _decode_into(self, path: Path, records: Records) -> Pixels:
        """Write the pixels to a file that appears under its name as a whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (len(records), *self.size)
        with NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file, _deleted_if_it_fails(file.name):
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            offset = file.tell()
            # Written rather than mapped while it grows: a full disk is then an error and not the end of the process.
            for part in self._decode_parts(records):
                file.write(part.data)
            file.flush()
            os.fsync(file.fileno())
            pixels = np.memmap(file, np.uint8, "r", offset, shape)
            # Whoever tidies the cache meanwhile may have taken the name away; what is open stays.
            with suppress(FileNotFoundError):
                Path(file.name).replace(path)
        return pixels

    def _decode_parts(self, records: Records) -> Iterator[Pixels]:
        """Pixels of some images at a time, decoded side by side.

        Threads are enough: decoding lets go of Python's lock, and what does not, for images as small as CIFAR's, is
        over in some seconds for all of them.
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
                "Leave it out or mend it, and upload the dataset again."
            ) from error


@contextmanager
def _deleted_if_it_fails(name: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _find(path: Path, shape: tuple[int, ...]) -> Pixels | None:
    """Load what an earlier run has kept; None where that is nothing, or not what it should be."""
    try:
        pixels = np.load(path, mmap_mode="r")
        # Those not used for the longest time are the first to go.
        os.utime(path)
    except (OSError, ValueError, EOFError):
        return None
    return pixels if pixels.shape == shape and pixels.dtype == np.uint8 else None
