"""Copies on this machine of files that are stored elsewhere. The least recently used make room for others."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

GRACE_SECONDS = 600.0
"""What was used less long ago stays in any case: somebody may be about to open it."""

ARTIFACTS = "artifacts"
DATASETS = "datasets"
INCOMING = ".incoming-"
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file or a folder that is removed as a whole."""

    used_at: float
    num_bytes: int
    remove: Callable[[], None]


class Copies:
    """Copies in a folder: artifacts one by one, those of a dataset's files together.

    Args:
        root: Folder of the copies; safe to delete while no process of the service runs.
        max_bytes: Most bytes of copies that are not in use.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self.root = root
        self._max_bytes = max_bytes

    @property
    def artifacts_dir(self) -> Path:
        """Return the folder of copies of artifacts, laid out as that of a store."""
        return self.root / ARTIFACTS

    def dataset_dir(self, name: str) -> Path:
        """Return the folder of copies of this name."""
        return self.root / DATASETS / name

    @contextmanager
    def held(self, folder: Path) -> Iterator[None]:
        """Keep a folder of copies, which is created, for the time of a context."""
        while True:
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
                fcntl.flock(lock, fcntl.LOCK_SH)
                # It may have been removed between these two lines, and its lock with it.
                if _is_same(lock, folder / LOCK):
                    break
                os.close(lock)
        try:
            note_use(folder / LOCK)
            yield
            note_use(folder / LOCK)
        finally:
            os.close(lock)

    def fill(self, target: Path, write: Callable[[Path], None]) -> None:
        """Write a copy beside its place, and put it there by one rename; several processes may do so at once.

        Whatever `write` raises leaves nothing.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        incoming = target.with_name(f"{INCOMING}{os.getpid()}-{time.monotonic_ns()}")
        try:
            write(incoming)
            incoming.replace(target)
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise
        self.make_room()

    def make_room(self) -> None:
        """Remove the copies that were used least recently until the rest is not more than allowed."""
        copies = sorted((*self._find_artifacts(), *self._find_datasets()), key=lambda copy: copy.used_at)
        total = sum(copy.num_bytes for copy in copies)
        youngest = time.time() - GRACE_SECONDS
        for copy in copies:
            if total <= self._max_bytes or copy.used_at > youngest:
                return
            copy.remove()
            total -= copy.num_bytes

    def _find_artifacts(self) -> Iterator[_Copy]:
        for path in self.artifacts_dir.glob("??/*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                yield _Copy(status.st_mtime, status.st_size, partial(path.unlink, missing_ok=True))

    def _find_datasets(self) -> Iterator[_Copy]:
        for folder in (self.root / DATASETS).glob("*"):
            with suppress(FileNotFoundError):
                num_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                yield _Copy((folder / LOCK).stat().st_mtime, num_bytes, partial(_remove_unless_held, folder))


def note_use(path: Path) -> None:
    """Note that a copy is used now."""
    with suppress(FileNotFoundError):
        os.utime(path)


def _remove_unless_held(folder: Path) -> None:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The lock goes first: who waits for it finds that it is another one.
        (folder / LOCK).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
