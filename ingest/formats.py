"""Detection of file formats by the first bytes; file names are ignored."""

import bz2
import gzip
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Literal, cast

from core.images.files import find_format
from ingest.errors import RejectedUpload

FileKind = Literal["parquet", "npy", "zip", "gzip", "xz", "bzip2", "tar", "idx", "image", "text", "other"]
HEAD_BYTES = 4096
"""Bytes needed to detect the kind of a file."""
TAR_BLOCK = 512

MAGIC: tuple[tuple[bytes, FileKind], ...] = (
    (b"PAR1", "parquet"),
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
)
FOREIGN_MAGIC = (
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"ARROW1", "an Arrow file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file, or protected by a password; save it as .xlsx without one"),
    (b"\x80\x04\x95", "a Python pickle, which is never opened"),
    (b"\x80\x05\x95", "a Python pickle, which is never opened"),
)
"""Unsupported formats that are often uploaded, named in the error."""

CONTROL = re.compile(rb"[\x02-\x08\x0e-\x1a\x7f]")
"""Bytes that do not occur in text. NUL is left to the text reader, which reports its line."""
JSON_ARRAY = re.compile(rb"\s*\[\s*[\[{]")
IDX_TYPES = (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E)
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")

PACKERS: dict[FileKind, Callable[[Path], IO[bytes]]] = {
    "gzip": lambda path: cast("IO[bytes]", gzip.GzipFile(path)),
    "xz": lambda path: cast("IO[bytes]", lzma.LZMAFile(path)),  # noqa: SIM115 -- The caller closes it.
    "bzip2": lambda path: cast("IO[bytes]", bz2.BZ2File(path)),
}
"""Readers of compressed files."""
UNPACKING_ERRORS = (EOFError, OSError, lzma.LZMAError, zlib.error)


def kind_of(head: bytes) -> FileKind:
    """Return the kind of a file with these first bytes."""
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if find_format(head) is not None:
        return "image"
    if len(head) >= 4 and head[:2] == b"\x00\x00" and head[2] in IDX_TYPES and 1 <= head[3] <= 8:  # noqa: PLR2004 -- IDX's header is four bytes: 0, 0, type, number of axes.
        return "idx"
    if is_tar(head):
        return "tar"
    return "text" if _is_text(head) else "other"


def foreign_format(head: bytes) -> str | None:
    """Return the name of a format that is known but not supported, or None."""
    if JSON_ARRAY.match(head):
        return "a JSON array (write JSON Lines: one object with the values of a row on each line)"
    return next((name for magic, name in FOREIGN_MAGIC if head.startswith(magic)), None)


def is_tar(head: bytes) -> bool:
    """Return True if a tar archive begins with these bytes: its first block carries a checksum."""
    if len(head) < TAR_BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:TAR_BLOCK], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def read_packed_head(path: Path, kind: FileKind) -> bytes:
    """Return the first decompressed bytes of a compressed file.

    Raises:
        RejectedUpload: If it cannot be decompressed.
    """
    try:
        with PACKERS[kind](path) as file:
            return file.read(HEAD_BYTES)
    except UNPACKING_ERRORS as error:
        raise RejectedUpload(
            "truncated", f"The {kind} file is incomplete or damaged ({error}). Upload it again."
        ) from error


def _is_text(head: bytes) -> bool:
    return head.startswith(BYTE_ORDER_MARKS) or utf16_without_mark(head) is not None or CONTROL.search(head) is None


def utf16_without_mark(head: bytes) -> Literal["utf-16-le", "utf-16-be"] | None:
    """Return the encoding of text in Latin letters in which every other byte is zero."""
    even, odd = head[0 : len(head) & ~1 : 2], head[1::2]
    if len(odd) < 2:  # noqa: PLR2004 -- Two letters at least.
        return None
    if b"\x00" not in even and odd.count(0) > 0.8 * len(odd):
        return "utf-16-le"
    if b"\x00" not in odd and even.count(0) > 0.8 * len(even):
        return "utf-16-be"
    return None


def utf32_without_mark(head: bytes) -> Literal["utf-32-le", "utf-32-be"] | None:
    """Return the encoding of text in which two of each four bytes are zero."""
    if len(head) < 8 or len(head) % 4:  # noqa: PLR2004 -- Two letters at least.
        return None
    first, second, third, fourth = (head[place::4] for place in range(4))
    if not any(third) and not any(fourth) and all(first):
        return "utf-32-le"
    if not any(first) and not any(second) and all(fourth):
        return "utf-32-be"
    return None
