"""Unpacking one file, within bounds that hold while it is read."""

from pathlib import Path
from typing import IO

from ingest.errors import RejectedUpload
from ingest.formats import PACKERS, UNPACKING_ERRORS, FileKind
from ingest.limits import MIB, Ratio, Space


def unpack(source: Path, kind: FileKind, target: Path, space: Space) -> Path:
    """Write what a gzip, xz or bzip2 file holds.

    Raises:
        RejectedUpload: If it is broken, or a bomb.
    """
    ratio = Ratio(source.stat().st_size, "The packed file")
    with PACKERS[kind](source) as packed, target.open("wb") as out:
        while chunk := read_packed(packed, MIB, kind):
            ratio.add(len(chunk))
            space.spend(len(chunk))
            out.write(chunk)
    return target


def read_packed(packed: IO[bytes], num_bytes: int, kind: str) -> bytes:
    """Some bytes of a packed file.

    Raises:
        RejectedUpload: If it is broken.
    """
    try:
        return packed.read(num_bytes)
    except UNPACKING_ERRORS as error:
        raise RejectedUpload(
            "truncated", f"The {kind} file breaks off or is damaged ({error}). Send it again, whole."
        ) from error
