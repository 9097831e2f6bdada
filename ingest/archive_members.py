"""The files in a zip or tar archive, one after the other, within bounds and never by their own paths."""

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
    """A file in an archive, while the archive stands at it.

    Attributes:
        path: As the archive says, checked; only ever shown and compared.
        num_bytes: As the archive says.
    """

    path: PurePosixPath
    num_bytes: int
    _file: IO[bytes]
    _ratio: Ratio
    _max_bytes: int

    def read(self, num_bytes: int) -> bytes:
        """The next bytes; empty at the end.

        Raises:
            RejectedUpload: If the archive is damaged, or holds more than may be unpacked.
        """
        try:
            chunk = self._file.read(num_bytes)
        except READING_ERRORS as error:
            raise RejectedUpload(
                "truncated", f"{quoted(str(self.path))} in the archive is damaged ({error}). Pack and send it again."
            ) from error
        _count(self._ratio, len(chunk), self._max_bytes)
        return chunk


def walk_archive(path: Path, kind: FileKind, max_bytes: int) -> Iterator[Member]:
    """All files of an archive that a person put there.

    Args:
        path: Of the archive.
        kind: zip, tar, or what the tar archive is packed with.
        max_bytes: So many may be unpacked in all.

    Raises:
        RejectedUpload: If it is damaged, a bomb, encrypted, or holds a link, a device, or a path that leads out of it.
    """
    ratio = Ratio(path.stat().st_size, "The archive")
    members = _walk_zip(path, ratio, max_bytes) if kind == "zip" else _walk_tar(path, kind, ratio, max_bytes)
    try:
        for number, member in enumerate(members, start=1):
            if number > MAX_MEMBERS:
                raise RejectedUpload("too_large", f"The archive holds more than {MAX_MEMBERS:,} files. Send fewer.")
            if not is_junk(member.path):
                yield member
    except READING_ERRORS as error:
        raise RejectedUpload(
            "truncated", f"The archive breaks off or is damaged ({error}). Send it again, whole."
        ) from error


def is_junk(path: PurePosixPath) -> bool:
    """Whether systems leave such files behind."""
    return any(part.startswith(".") or part in JUNK for part in path.parts)


def _walk_zip(path: Path, ratio: Ratio, max_bytes: int) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        # The directory says what is to come; what it keeps quiet is counted while it is read.
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
            "unsafe_archive", f"{shown} in the archive is encrypted. Send the archive without a password."
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
                # The library keeps every entry it has read; a million of them fill the memory.
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
                    # What is read is counted below the tar archive already.
                    yield Member(checked, info.size, file, Ratio(UNBOUNDED, ""), UNBOUNDED)
        _check_end(counted)


def _check_end(archive: IO[bytes]) -> None:
    """Behind the last file a tar archive has zeros only; tarfile takes anything else for its end, too."""
    while chunk := archive.read(MIB):
        if chunk.strip(b"\x00"):
            raise RejectedUpload(
                "truncated", "The tar archive is damaged behind its last readable file. Pack and send it again."
            )


@dataclass(slots=True)
class _Counted:
    """A file that counts what is read of it; all that tarfile needs of one."""

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
            f"The archive unpacks to more than the {max_bytes:,} bytes allowed. Send less, or have the limit raised.",
        )


def check_path(name: str) -> PurePosixPath:
    """A path as an archive gives it. No file is ever written under it, yet one that leads astray has a purpose.

    Raises:
        RejectedUpload: If it is absolute, leads upwards, or is written for another system.
    """
    path = PurePosixPath(name)
    problem = None
    if "\x00" in name or not name:
        problem = "is blank or holds a NUL byte"
    elif not _is_unicode(name):
        problem = "is not UTF-8"
    elif len(name) > LONGEST_PATH:
        problem = f"has more than {LONGEST_PATH:,} letters"
    elif path.is_absolute() or DRIVE.match(name):
        problem = "is an absolute path"
    elif ".." in path.parts:
        problem = "leads out of the archive"
    elif "\\" in name:
        problem = "holds a backslash"
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
