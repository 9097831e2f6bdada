"""Every point of curves, as the service exports them in JSON lines."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import NamedTuple, Self

from trainyard.errors import UnexpectedAnswer


class Point(NamedTuple):
    """A point of a curve: its metric, its training step, its value, and its time in seconds since the Unix epoch."""

    key: str
    step: int
    value: float
    unix_seconds: float


class PointsDownload:
    """Points that are received as a whole before the first of them is used.

    with PointsDownload() as download:
        for piece in pieces:
            download.write(piece)
        for point in download.read():
            print(point)
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

    def read(self) -> Iterator[Point]:
        """Yield the points in their order: curve by curve, steps rising.

        Raises:
            UnexpectedAnswer: If a line is not a point.
        """
        self._file.seek(0)
        return read_points(self._file)


def read_points(lines: Iterable[bytes]) -> Iterator[Point]:
    """Yield the points of JSON lines."""
    for line in lines:
        try:
            entry = json.loads(line)
            # Numbers that JSON lacks are texts, which float reads: NaN, Infinity, -Infinity.
            yield Point(entry["key"], int(entry["step"]), float(entry["value"]), float(entry["unix_seconds"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer(
                "The points of the run cannot be read. Check that client and service are of the same version."
            ) from error
