"""Decompression of one file, with limits that are enforced while it is read."""

from pathlib import Path
from typing import IO

from ingest.errors import RejectedUpload
from ingest.formats import PACKERS, UNPACKING_ERRORS, FileKind
from ingest.limits import MIB, Ratio, Space


def unpack(source: Path, kind: FileKind, target: Path, space: Space) -> Path:
    """Decompress a gzip, xz or bzip2 file.

    Raises:
        RejectedUpload: If it is damaged, or a decompression bomb.
    """
    ratio = Ratio(source.stat().st_size, "The compressed file")
    with PACKERS[kind](source) as packed, target.open("wb") as out:
        while chunk := read_packed(packed, MIB, kind):
            ratio.add(len(chunk))
            space.spend(len(chunk))
            out.write(chunk)
    return target


def read_packed(packed: IO[bytes], num_bytes: int, kind: str) -> bytes:
    """Return decompressed bytes of a compressed file.

    Raises:
        RejectedUpload: If it is damaged.
    """
    try:
        return packed.read(num_bytes)
    except UNPACKING_ERRORS as error:
        raise RejectedUpload(
            "truncated", f"The {kind} file is incomplete or damaged ({error}). Upload it again."
        ) from error
