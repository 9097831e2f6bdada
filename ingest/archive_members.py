"""Iteration over the files in a zip or tar archive, within limits and without writing to their paths."""

import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from ingest.errors import RejectedUpload, quoted
from ingest.formats import PACKERS, UNPACKING_ERRORS, FileKind
from ingest.limits import MIB, Ratio

MAX_MEMBERS = 2_000_000
LONGEST_PATH = 1_000
UNBOUNDED = 1 << 62
DRIVE = re.compile(r"^[A-Za-z]:")
JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")
READING_ERRORS = (
    *UNPACKING_ERRORS,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    zlib.error,
)


@dataclass(slots=True)
class Member:
    """A file in an archive, readable while the iteration is at it.

    Attributes:
        path: As stated by the archive, after validation; used for messages and comparisons only.
        num_bytes: As stated by the archive.
    """

    path: PurePosixPath
    num_bytes: int
    _file: IO[bytes]
    _ratio: Ratio
    _max_bytes: int

    def read(self, num_bytes: int) -> bytes:
        """Return the next bytes; empty at the end.

        Raises:
            RejectedUpload: If the archive is damaged, or unpacks to more than the limit.
        """
        try:
            chunk = self._file.read(num_bytes)
        except READING_ERRORS as error:
            raise RejectedUpload(
                "truncated", f"{quoted(str(self.path))} in the archive is damaged ({error}). Pack and upload it again."
            ) from error
        _count(self._ratio, len(chunk), self._max_bytes)
        return chunk


def walk_archive(path: Path, kind: FileKind, max_bytes: int) -> Iterator[Member]:
    """Iterate over the files of an archive, without those that operating systems add.

    Args:
        path: The archive.
        kind: zip, tar, or the compression of the tar archive.
        max_bytes: Limit of unpacked bytes in total.

    Raises:
        RejectedUpload: If it is damaged, a bomb, encrypted, or contains a link, a device, or a path out of it.
    """
    ratio = Ratio(path.stat().st_size, "The archive")
    members = _walk_zip(path, ratio, max_bytes) if kind == "zip" else _walk_tar(path, kind, ratio, max_bytes)
    try:
        for number, member in enumerate(members, start=1):
            if number > MAX_MEMBERS:
                raise RejectedUpload(
                    "too_large", f"The archive contains more than {MAX_MEMBERS:,} files. Upload fewer."
                )
            if not is_junk(member.path):
                yield member
    except READING_ERRORS as error:
        raise RejectedUpload(
            "truncated", f"The archive is incomplete or damaged ({error}). Upload it again."
        ) from error


def is_junk(path: PurePosixPath) -> bool:
    """Return True for files that operating systems add to archives."""
    return any(part.startswith(".") or part in JUNK for part in path.parts)


def _walk_zip(path: Path, ratio: Ratio, max_bytes: int) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        # The sizes that the directory states; bytes beyond them are counted while they are read.
        _count(Ratio(ratio.num_packed, ratio.what), sum(info.file_size for info in archive.infolist()), max_bytes)
        for info in archive.infolist():
            checked = check_path(info.orig_filename)
            if info.is_dir():
                continue
            _check_zip_entry(info)
            with archive.open(info) as file:
                yield Member(checked, info.file_size, file, ratio, max_bytes)


def _check_zip_entry(info: zipfile.ZipInfo) -> None:
    shown = quoted(info.orig_filename)
    if info.flag_bits & 0x1:
        raise RejectedUpload(
            "unsafe_archive", f"{shown} in the archive is encrypted. Upload the archive without a password."
        )
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise RejectedUpload(
            "unsafe_archive", f"{shown} in the archive is a link or a device; links are not followed. Pack files only."
        )


def _walk_tar(path: Path, kind: FileKind, ratio: Ratio, max_bytes: int) -> Iterator[Member]:
    opened: Callable[[Path], IO[bytes]] = PACKERS.get(kind, lambda plain: plain.open("rb"))
    with opened(path) as packed:
        counted = cast("IO[bytes]", _Counted(packed, ratio, max_bytes))
        with tarfile.open(fileobj=counted, mode="r|") as archive:
            for info in archive:
                # tarfile keeps every entry it has read; a million of them would fill the memory.
                archive.members = []  # type: ignore[attr-defined]
                checked = check_path(info.name)
                if info.isdir():
                    continue
                if not info.isreg() or info.issparse():
                    raise RejectedUpload(
                        "unsafe_archive",
                        f"{quoted(info.name)} in the archive is a link, a device or a sparse file; links are not "
                        "followed. Pack files only (tar --dereference).",
                    )
                file = archive.extractfile(info)
                if file is not None:
                    # These bytes are already counted beneath the tar archive.
                    yield Member(checked, info.size, file, Ratio(UNBOUNDED, ""), UNBOUNDED)
        _check_end(counted)


def _check_end(archive: IO[bytes]) -> None:
    """Check that only zeros follow the last file of a tar archive; tarfile treats anything else as its end, too."""
    while chunk := archive.read(MIB):
        if chunk.strip(b"\x00"):
            raise RejectedUpload(
                "truncated", "The tar archive is damaged after its last readable file. Pack and upload it again."
            )


@dataclass(slots=True)
class _Counted:
    """A file that counts the bytes read from it, with the one method that tarfile calls."""

    file: IO[bytes]
    ratio: Ratio
    max_bytes: int

    def read(self, num_bytes: int) -> bytes:
        chunk = self.file.read(num_bytes)
        _count(self.ratio, len(chunk), self.max_bytes)
        return chunk


def _count(ratio: Ratio, num_bytes: int, max_bytes: int) -> None:
    ratio.add(num_bytes)
    if ratio.num_unpacked > max_bytes:
        raise RejectedUpload(
            "too_large",
            f"The archive unpacks to more than the {max_bytes:,} bytes allowed. Upload less data, or raise the limit.",
        )


def check_path(name: str) -> PurePosixPath:
    """Validate a path stated by an archive. Files are never written to it; a malicious one is rejected all the same.

    Raises:
        RejectedUpload: If it is absolute, leads out of the archive, or is not a portable relative path.
    """
    path = PurePosixPath(name)
    problem = None
    if "\x00" in name or not name:
        problem = "is empty or contains a NUL byte"
    elif not _is_unicode(name):
        problem = "is not UTF-8"
    elif len(name) > LONGEST_PATH:
        problem = f"has more than {LONGEST_PATH:,} characters"
    elif path.is_absolute() or DRIVE.match(name):
        problem = "is an absolute path"
    elif ".." in path.parts:
        problem = "leads out of the archive"
    elif "\\" in name:
        problem = "contains a backslash"
    if problem:
        raise RejectedUpload(
            "unsafe_archive",
            f"The name {quoted(name)} in the archive {problem}. Pack with relative paths: FOLDER/FILE.",
        )
    return path


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
