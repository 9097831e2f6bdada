"""Files and folders as the body of a request, read a piece at a time."""

import os
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from trainyard.errors import InvalidArgument

CHUNK_BYTES = 256 * 1024
BLOCK_BYTES = 512
END_OF_ARCHIVE = bytes(2 * BLOCK_BYTES)

OnProgress = Callable[[int], None]
"""Called with the bytes sent or received so far; starts over from 0 when they have to be sent again."""


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


class Upload(ABC):
    """Bytes of a known number, which may be sent more than once."""

    media_type = "application/octet-stream"
    num_bytes: int
    on_progress: OnProgress | None

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from their beginning, none of the chunks small but the last."""
        gathered: list[bytes] = []
        num_gathered = 0
        for piece in self._pieces():
            gathered.append(piece)
            num_gathered += len(piece)
            if num_gathered >= CHUNK_BYTES:
                yield b"".join(gathered)
                gathered, num_gathered = [], 0
        if gathered:
            yield b"".join(gathered)

    def report(self, num_sent: int) -> None:
        """Report progress to the callback."""
        if self.on_progress is not None:
            self.on_progress(num_sent)

    @abstractmethod
    def _pieces(self) -> Iterator[bytes]: ...


class FileUpload(Upload):
    """The bytes of a file.

    Raises:
        InvalidArgument: If the file cannot be read.
    """

    def __init__(self, source: Path, on_progress: OnProgress | None = None) -> None:
        self.on_progress = on_progress
        self._source = source
        self.num_bytes = _measure(source)

    def _pieces(self) -> Iterator[bytes]:
        with self._source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


class ArchiveUpload(Upload):
    """Files as a tar archive.

    Nothing but names and bytes goes into the archive: no times, owners or permissions. So the same files make the same
    archive, which is the same version to the service.
    """

    def __init__(self, members: Sequence["Member"], on_progress: OnProgress | None = None) -> None:
        self.on_progress = on_progress
        self._members = members
        sizes = (len(member.header) + member.num_bytes + len(member.padding) for member in members)
        self.num_bytes = sum(sizes) + len(END_OF_ARCHIVE)

    def _pieces(self) -> Iterator[bytes]:
        for member in self._members:
            yield member.header
            yield from member.read()
            yield member.padding
        yield END_OF_ARCHIVE


class FormUpload(Upload):
    """A form with one file and fields of text (RFC 7578).

    Args:
        field: Name of the field with the file.
        source: The file.
        texts: Names and values of the other fields.
        on_progress: Called with the bytes sent so far.

    Raises:
        InvalidArgument: If the file cannot be read.
    """

    def __init__(
        self, field: str, source: Path, texts: Mapping[str, str], on_progress: OnProgress | None = None
    ) -> None:
        self.on_progress = on_progress
        self._source = source
        # Random, so that no file holds it.
        boundary = uuid4().hex
        self.media_type = f"multipart/form-data; boundary={boundary}"
        disposition = f'--{boundary}\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
        parts = [f"{disposition % (name, '')}{value}\r\n" for name, value in texts.items()]
        parts.append(disposition % (field, '; filename="file"'))
        self._before = "".join(parts).encode()
        self._after = f"\r\n--{boundary}--\r\n".encode()
        self.num_bytes = len(self._before) + _measure(source) + len(self._after)

    def _pieces(self) -> Iterator[bytes]:
        yield self._before
        with self._source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
        yield self._after


class FolderUpload(ArchiveUpload):
    """The files of a folder as a tar archive. Files and folders whose names begin with a dot are left out.

    Raises:
        InvalidArgument: If the folder holds no files, or one cannot be read.
    """

    def __init__(self, folder: Path, on_progress: OnProgress | None = None) -> None:
        members = [Member(path.relative_to(folder).as_posix(), path, _measure(path)) for path in _list_files(folder)]
        if not members:
            raise InvalidArgument(f"There are no files in '{folder}'.")
        super().__init__(members, on_progress)


def open_upload(source: Path, on_progress: OnProgress | None = None) -> Upload:
    """Return the upload of a file or a folder.

    Raises:
        InvalidArgument: If it cannot be read.
    """
    return FolderUpload(source, on_progress) if source.is_dir() else FileUpload(source, on_progress)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive.

    Attributes:
        name: In the archive.
        path: Where it lies.
        num_bytes: Of what goes into the archive.
        open: Opens what goes into the archive.
    """

    name: str
    path: Path
    num_bytes: int
    open: Callable[[Path], IO[bytes]] = _open

    @property
    def header(self) -> bytes:
        """Return the block in front of the bytes."""
        header = tarfile.TarInfo(self.name)
        header.size = self.num_bytes
        return header.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape")

    @property
    def padding(self) -> bytes:
        """Every member fills whole blocks (POSIX.1-1988, ustar)."""
        return bytes(-self.num_bytes % BLOCK_BYTES)

    def read(self) -> Iterator[bytes]:
        """Yield as many bytes as the header says."""
        num_left = self.num_bytes
        with self.open(self.path) as file:
            while num_left and (chunk := file.read(min(CHUNK_BYTES, num_left))):
                num_left -= len(chunk)
                yield chunk
        if num_left:
            raise InvalidArgument(f"'{self.path}' became shorter while it was sent. Send the folder again.")


def _list_files(folder: Path) -> Iterator[Path]:
    for directory, folders, names in os.walk(folder):
        # In order, so that the archive does not depend on the file system's.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(directory, name)
            if not name.startswith(".") and path.is_file():
                yield path


def _measure(path: Path) -> int:
    try:
        with path.open("rb"):
            return path.stat().st_size
    except OSError as error:
        raise InvalidArgument(f"'{path}' cannot be read: {error.strerror}.") from error
