"""A file as the body of a request, read a piece at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path

from trainyard.errors import InvalidArgument

CHUNK_BYTES = 256 * 1024


class FileContent:
    """The bytes of a file, which may be sent more than once.

    Raises:
        InvalidArgument: If the file can not be read.
    """

    def __init__(self, source: Path, on_progress: Callable[[int], None] | None = None) -> None:
        self._source = source
        self._on_progress = on_progress
        try:
            with source.open("rb"):
                self.num_bytes = source.stat().st_size
        except OSError as error:
            raise InvalidArgument(f"'{source}' can not be read: {error.strerror}.") from error

    def chunks(self) -> Iterator[bytes]:
        """The file from its beginning."""
        num_sent = 0
        self._tell(num_sent)
        with self._source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
                num_sent += len(chunk)
                self._tell(num_sent)

    def _tell(self, num_sent: int) -> None:
        if self._on_progress is not None:
            self._on_progress(num_sent)
