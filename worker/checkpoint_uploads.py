"""Checkpoints of an attempt on their way into the artifact store."""

import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

from core.artifacts import ArtifactStore
from core.checkpoints import Checkpoint, SavedState
from core.errors import StorageUnavailable

logger = logging.getLogger("trainyard.worker")


class UploadFailed(Exception):
    """A checkpoint could not be stored.

    Attributes:
        step: Its step.
        reason: The reason, for people.
    """

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(reason)
        self.step = step
        self.reason = reason


class CheckpointUploads:
    """Stores checkpoints one after another, in a thread of its own: heartbeats do not wait for a slow store.

    Of checkpoints that wait, only the newest and the best are stored: another would soon be superseded.

    Args:
        store: The artifact store.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoints")
        self._begun: deque[tuple[SavedState, Future[Checkpoint]]] = deque()

    def add(self, saved: SavedState) -> None:
        """Take over a file, which is removed once it is stored."""
        while len(self._begun) > 1 and not self._begun[-1][0].is_best and self._begun[-1][1].cancel():
            superseded, _ = self._begun.pop()
            _remove(superseded)
        self._begun.append((saved, self._pool.submit(self._put, saved)))

    def wait(self) -> None:
        """Wait until nothing is under way."""
        wait([upload for _, upload in self._begun])

    def collect(self) -> Checkpoint | None:
        """Return the next checkpoint that is in the store; None while there is none.

        Raises:
            UploadFailed: If it could not be stored.
        """
        if not self._begun or not self._begun[0][1].done():
            return None
        saved, upload = self._begun.popleft()
        try:
            return upload.result()
        except OSError as error:
            raise UploadFailed(saved.step, f"{error.strerror or error}.") from error
        except StorageUnavailable as error:
            raise UploadFailed(saved.step, error.detail) from error

    def close(self) -> None:
        """Forget what is not stored yet, and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _put(self, saved: SavedState) -> Checkpoint:
        try:
            artifact = self._store.put(saved.path)
        finally:
            _remove(saved)
        logger.info("The checkpoint of step %d, %d bytes, is stored.", saved.step, artifact.num_bytes)
        return saved.stored(artifact.sha256, artifact.num_bytes)


def _remove(saved: SavedState) -> None:
    with suppress(OSError):
        saved.path.unlink(missing_ok=True)
