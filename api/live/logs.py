"""Lines that were added to the logs of runs."""

import logging
import os
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from core.artifacts import TRAINER_LOG, ArtifactStore
from core.errors import ArtifactCorrupt, StorageUnavailable
from core.run_events import LogEvent
from core.run_positions import RunPosition
from db.run_events import LogPlace

logger = logging.getLogger(__name__)

MAX_EVENT_BYTES = 64 * 1024

MAX_BYTES = 1024 * 1024
"""Most bytes that are read at once; the rest is read soon after. A listener that arrives gets no more of what was
written before."""

MAX_REST_BYTES = 8 * MAX_BYTES
"""Most bytes of a log that somebody is behind; what is older is left out, as the offset of the next event shows."""

Step = tuple[LogEvent, RunPosition]


class LogReader:
    """Reads what was added to logs, by one thread.

    Args:
        scratch_dir: Folder of running attempts, where their logs grow.
        store: Stores the logs of attempts that have ended.
    """

    def __init__(self, scratch_dir: Path, store: ArtifactStore) -> None:
        self._scratch_dir = scratch_dir
        self._store = store
        self._sizes: dict[Path, int] = {}

    def begin(self) -> None:
        """Begin to look. Until the next call a log seems to end where it was first found to end."""
        self._sizes.clear()

    def has_grown(self, run_id: UUID, position: RunPosition) -> bool:
        """Return True if the log of a running attempt has another size than what was read of it."""
        try:
            return self._live(run_id).stat().st_size != position.log_bytes
        except OSError:
            return False

    def read(self, place: LogPlace, position: RunPosition) -> list[Step]:
        """Return what was added since a position, in whole lines while the log may grow."""
        steps: list[Step] = []
        stored_attempt, sha256 = place.stored or (0, "")
        is_live = place.is_running or stored_attempt < place.attempt
        # The end of the log before; it was stored when its attempt ended.
        if sha256 and stored_attempt >= position.log_attempt and not (is_live and not position.log_attempt):
            steps += self._read_stored(sha256, stored_attempt, position)
        if is_live and place.attempt:
            position = steps[-1][1] if steps else position
            steps += self._read(self._live(place.run_id), place.attempt, position, is_whole=not place.is_running)
        return steps

    def _live(self, run_id: UUID) -> Path:
        return self._scratch_dir / str(run_id) / TRAINER_LOG

    def _read_stored(self, sha256: str, attempt: int, position: RunPosition) -> list[Step]:
        try:
            path = self._store.local_path(sha256) or self._store.verified_path(sha256)
        except (ArtifactCorrupt, StorageUnavailable, OSError) as error:
            # Listeners hear the end of the run in any case.
            logger.warning("The rest of a log is left out of events. %s", error)
            return []
        return self._read(path, attempt, position, is_whole=True)

    def _read(self, path: Path, attempt: int, position: RunPosition, *, is_whole: bool) -> list[Step]:
        try:
            with path.open("rb") as file:
                size = self._sizes.setdefault(path, os.fstat(file.fileno()).st_size)
                begin = position.log_bytes if attempt == position.log_attempt else 0
                if begin > size:
                    # It was written anew.
                    begin = 0
                if not position.log_attempt and size - begin > MAX_BYTES:
                    begin = size - MAX_BYTES
                    file.seek(begin)
                    begin += len(file.readline(MAX_BYTES))
                # The rest of a log that has ended is read at once, because nothing is read after the end of the run.
                most = MAX_REST_BYTES if is_whole else MAX_BYTES
                begin = max(begin, size - MAX_REST_BYTES)
                file.seek(begin)
                content = file.read(min(size - begin, most))
        except OSError:
            # Removed meanwhile: what it held is stored, and is read from there.
            return []
        is_end = begin + len(content) == size
        return _cut(content, attempt, begin, position, is_whole=is_whole and is_end)


def _cut(content: bytes, attempt: int, begin: int, position: RunPosition, *, is_whole: bool) -> list[Step]:
    """Return events of whole lines, if the content has any."""
    steps: list[Step] = []
    start = 0
    while start < len(content):
        piece = content[start : start + MAX_EVENT_BYTES]
        is_rest = start + len(piece) == len(content)
        end_of_line = piece.rfind(b"\n") + 1
        if not (is_rest and is_whole) and (end_of_line or len(piece) < MAX_EVENT_BYTES):
            piece = piece[:end_of_line]
        if not piece:
            break
        position = replace(position, log_attempt=attempt, log_bytes=begin + start + len(piece))
        steps.append((LogEvent(attempt, begin + start, piece.decode(errors="replace")), position))
        start += len(piece)
    return steps
