"""A folder as the body of a request: a tar archive, written while it is sent."""

import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainyard.errors import InvalidArgument
from trainyard.uploading import CHUNK_BYTES, FileContent

BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class _Member:
    path: Path
    header: bytes
    num_bytes: int

    @property
    def padding(self) -> bytes:
        """Every member fills whole blocks (POSIX.1-1988, ustar)."""
        return bytes(-self.num_bytes % BLOCK_BYTES)


class FolderContent:
    """The files of a folder, which may be sent more than once.

    Nothing but names and bytes goes into the archive: no times, owners or permissions. The same files so make the same
    archive, which is the same version to the service. Files and folders whose names begin with a dot are left out.

    Raises:
        InvalidArgument: If the folder holds no files, or one can not be read.
    """

    def __init__(self, folder: Path, on_progress: Callable[[int], None] | None = None) -> None:
        self._on_progress = on_progress
        self._members = [_member(folder, path) for path in _files(folder)]
        if not self._members:
            raise InvalidArgument(f"There are no files in '{folder}'.")
        sizes = (len(member.header) + member.num_bytes + len(member.padding) for member in self._members)
        self.num_bytes = sum(sizes) + len(END)

    def chunks(self) -> Iterator[bytes]:
        """The archive from its beginning."""
        num_sent = 0
        self._tell(num_sent)
        for member in self._members:
            for chunk in (member.header, *_content(member), member.padding):
                yield chunk
                num_sent += len(chunk)
            self._tell(num_sent)
        yield END
        self._tell(num_sent + len(END))

    def _tell(self, num_sent: int) -> None:
        if self._on_progress is not None:
            self._on_progress(num_sent)


def measure_content(source: Path) -> int:
    """How many bytes will be sent of a file or a folder.

    Raises:
        InvalidArgument: If it can not be read.
    """
    return (FolderContent(source) if source.is_dir() else FileContent(source)).num_bytes


def _files(folder: Path) -> Iterator[Path]:
    for directory, folders, names in os.walk(folder):
        # In order, so that the archive does not depend on the file system's.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(directory, name)
            if not name.startswith(".") and path.is_file():
                yield path


def _member(folder: Path, path: Path) -> _Member:
    header = tarfile.TarInfo(path.relative_to(folder).as_posix())
    try:
        with path.open("rb"):
            header.size = path.stat().st_size
    except OSError as error:
        raise InvalidArgument(f"'{path}' can not be read: {error.strerror}.") from error
    return _Member(path, header.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape"), header.size)


def _content(member: _Member) -> Iterator[bytes]:
    num_left = member.num_bytes
    with member.path.open("rb") as file:
        while num_left and (chunk := file.read(min(CHUNK_BYTES, num_left))):
            num_left -= len(chunk)
            yield chunk
    if num_left:
        raise InvalidArgument(f"'{member.path}' became shorter while it was sent. Send the folder again.")
