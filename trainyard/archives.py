"""Archives that are unpacked where they are wanted."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from trainyard.errors import InvalidArgument, UnexpectedAnswer


class ArchiveDownload:
    """A zip archive that is received as a whole before anything of it is used.

    with ArchiveDownload() as download:
        for piece in pieces:
            download.write(piece)
        folders = download.unpack(folder)
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        self._file.write(piece)

    @contextmanager
    def open(self) -> Iterator[zipfile.ZipFile]:
        """Open what was received.

        Raises:
            UnexpectedAnswer: If it is not a zip archive, or not a whole one.
        """
        try:
            with zipfile.ZipFile(self._file) as archive:
                yield archive
        except zipfile.BadZipFile as error:
            raise UnexpectedAnswer(f"The archive that came is damaged or cut off: {error}. Try again.") from error

    def unpack(self, folder: Path) -> list[Path]:
        """Write the archive's files into a folder, over those of an earlier download, and return their folders.

        Raises:
            InvalidArgument: If they cannot be written.
        """
        with self.open() as archive:
            try:
                # What would lie outside of the folder is put into it.
                files = [Path(archive.extract(member, folder)) for member in archive.infolist()]
            except OSError as error:
                raise InvalidArgument(f"'{folder}' cannot be written to: {error.strerror or error}.") from error
        return list(dict.fromkeys(file.parent for file in files))
