"""Points that wait for the database: in memory, and on disk once there are many."""

import logging
import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.curves.encoding import decode, encode
from core.errors import CurveCorrupt
from core.notices import Notice
from core.progress import MetricBatch, join_batches

logger = logging.getLogger("trainyard.worker")

MAX_IN_MEMORY = 250_000
"""Points kept in memory, 6 MB; also the most that one transaction stores, in some tenths of a second."""
MIN_TO_THIN = 100
"""Points of a curve in one file below which all are kept: a point for each epoch is worth more than one for a step."""

# Lengths of a curve's name and of its block of points.
LENGTHS = struct.Struct("<II")


@dataclass(slots=True)
class _File:
    """A file of points."""

    path: Path
    num_points: int
    num_bytes: int
    steps: tuple[int, int]


class Spool:
    """The points of one attempt that are not stored yet, oldest first.

    Once the files take more than `max_bytes`, every second point in them is left out, of all curves but the shortest;
    so is every second of those for which no file could be written. `notice` tells how many.

    Args:
        folder: Folder for the files; made when it is needed, and deleted with the attempt.
        max_bytes: Most bytes of the files.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._returned: deque[Sequence[MetricBatch]] = deque()
        self._files: deque[_File] = deque()
        self._num_files = 0
        self._recent: list[MetricBatch] = []
        self._num_recent = 0
        self._num_left_out = 0
        self._steps_left_out: tuple[int, int] | None = None

    @property
    def num_waiting(self) -> int:
        """Return the number of points that are not stored."""
        num_returned = sum(len(batch) for batches in self._returned for batch in batches)
        return num_returned + sum(file.num_points for file in self._files) + self._num_recent

    @property
    def notice(self) -> Notice | None:
        """Return what was left out; None if nothing was."""
        if self._steps_left_out is None:
            return None
        first, last = self._steps_left_out
        return Notice(
            "points_left_out",
            "",
            "While the database did not take the points of this run, more came than its worker keeps: "
            f"{self._num_left_out:,} points of steps {first:,} to {last:,} are left out, every second one or more of a "
            f"long curve. Give the worker more disk (TRAINYARD_MAX_SPOOL_BYTES is {self._max_bytes}), or keep fewer "
            "points (training.curve_points).",
        )

    def add(self, batches: Iterable[MetricBatch]) -> None:
        """Add the newest points."""
        for batch in batches:
            if len(batch):
                self._recent.append(batch)
                self._num_recent += len(batch)
        if self._num_recent > MAX_IN_MEMORY:
            self._write_recent()

    def take(self) -> list[MetricBatch]:
        """Remove and return the oldest points, as many as one transaction should store; empty if there are none."""
        if self._returned:
            return list(self._returned.popleft())
        while self._files:
            file = self._files.popleft()
            try:
                batches = list(_read(file.path.read_bytes()))
                file.path.unlink()
            except (OSError, CurveCorrupt) as error:
                logger.error("%d waiting points cannot be read from %s: %s", file.num_points, file.path, error)  # noqa: TRY400 - the notice tells it too.
                self._leave_out(file.num_points, file.steps)
            else:
                return batches
        batches, self._recent, self._num_recent = join_batches(self._recent), [], 0
        return batches

    def put_back(self, batches: Sequence[MetricBatch]) -> None:
        """Put points back that were taken last but could not be stored."""
        if batches:
            self._returned.appendleft(batches)

    def _write_recent(self) -> None:
        batches = join_batches(self._recent)
        self._num_files += 1
        file = _write(self._folder / f"{self._num_files:08}", batches)
        if file is None:
            batches = [self._thin(batch, shortest=2) for batch in batches]
            self._recent, self._num_recent = batches, sum(map(len, batches))
            return
        self._recent, self._num_recent = [], 0
        self._files.append(file)
        logger.info("%d points wait for the database, %d bytes of them on disk.", self.num_waiting, self._num_bytes())
        while self._num_bytes() > self._max_bytes:
            before = self._num_left_out
            self._thin_files()
            logger.warning("%s", self.notice)
            if self._num_left_out == before:
                return

    def _num_bytes(self) -> int:
        return sum(file.num_bytes for file in self._files)

    def _thin_files(self) -> None:
        for place, file in enumerate(self._files):
            thinned = _write(file.path, [self._thin(batch) for batch in _read(file.path.read_bytes())])
            self._files[place] = thinned or file

    def _thin(self, batch: MetricBatch, shortest: int = MIN_TO_THIN) -> MetricBatch:
        """Return every second point of a batch and its last, unless it has fewer points than `shortest`."""
        if len(batch) < shortest:
            return batch
        is_kept = np.arange(len(batch)) % 2 == 1
        is_kept[-1] = True
        left_out = batch.steps[~is_kept]
        self._leave_out(len(left_out), (int(left_out.min()), int(left_out.max())))
        return MetricBatch(batch.key, batch.steps[is_kept], batch.values[is_kept], batch.times[is_kept])

    def _leave_out(self, num_points: int, steps: tuple[int, int]) -> None:
        self._num_left_out += num_points
        first, last = self._steps_left_out or steps
        self._steps_left_out = (min(first, steps[0]), max(last, steps[1]))


def _write(path: Path, batches: Sequence[MetricBatch]) -> _File | None:
    """Write points to a file, all or nothing; return None if that fails."""
    content = b"".join(map(_to_bytes, batches))
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        logger.warning("Waiting points cannot be written to %s: %s", path, error)
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        return None
    steps = [(int(batch.steps.min()), int(batch.steps.max())) for batch in batches]
    first, last = min(first for first, _ in steps), max(last for _, last in steps)
    return _File(path, sum(map(len, batches)), len(content), (first, last))


def _to_bytes(batch: MetricBatch) -> bytes:
    key, block = batch.key.encode("utf-8", "surrogatepass"), encode(batch.points)
    return LENGTHS.pack(len(key), len(block)) + key + block


def _read(content: bytes) -> Iterator[MetricBatch]:
    place = 0
    while place < len(content):
        key_length, block_length = LENGTHS.unpack_from(content, place)
        start = place + LENGTHS.size + key_length
        place = start + block_length
        key = content[start - key_length : start].decode("utf-8", "surrogatepass")
        points = decode(content[start:place])
        yield MetricBatch(key, points.steps, points.values, points.times)
