"""Folders of datasets that are being written, before they are stored.

A process that writes a folder holds a lock on a file in it. The lock of a process that dies is released, so abandoned
folders can be removed at once, without waiting for them to age.
"""

import fcntl
import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

from core.syncing import sync
from core.uploads.folder import DatasetFolder

INCOMING = ".incoming-"

LOCK = "lock"

GRACE_SECONDS = 60.0
"""A newer folder without a lock may be about to get one."""

ELSEWHERE_SECONDS = 3600.0
"""Shared storage may not pass locks from one machine to another. A folder of another machine counts as abandoned once
nothing in it has changed for this long."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""File with an id that differs between machines and is the same for all containers of one (random(4))."""


class IncomingDataset:
    """A dataset folder that is being written.

    Attributes:
        path: Temporary folder, removed by `discard`.
        folder: Dataset folder that is stored once it is complete.
        scratch: Folder for temporary files.
        options: File for the options to read it with.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = DatasetFolder(path / "data")
        self.scratch = path / "scratch"
        self.options = path / "options.json"
        self._lock = os.open(path / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.write(self._lock, _machine().encode())
        self.folder.path.mkdir()
        self.scratch.mkdir()

    def share_original(self, source: Path) -> None:
        """Take the uploaded bytes of another dataset, without a copy where the file system can.

        Raises:
            FileNotFoundError: If they are not there.
        """
        try:
            os.link(source, self.folder.original)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source, self.folder.original)

    def sync(self) -> None:
        """Sync all files to disk, and make them readable by workers that run as other users."""
        for directory, _, names in os.walk(self.folder.path):
            for name in names:
                path = Path(directory, name)
                path.chmod(0o644)
                sync(path)
            Path(directory).chmod(0o755)
            sync(Path(directory))

    def discard(self) -> None:
        """Remove the temporary folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


class IncomingFolder:
    """The folders of a store's machine in which datasets are written.

    Args:
        root: Folder that holds them, on the file system that they are stored on if that is this machine's.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self) -> IncomingDataset:
        """Create a temporary folder for a new dataset; the caller must `discard` it in any case."""
        self._root.mkdir(parents=True, exist_ok=True)
        return IncomingDataset(Path(tempfile.mkdtemp(dir=self._root, prefix=INCOMING)))

    def free_bytes(self) -> int:
        """Return the free space of the disk in bytes."""
        self._root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._root).free

    def tidy(self) -> int:
        """Remove the abandoned folders of processes that died; return their number."""
        return sum(_remove_if_left(path) for path in self._root.glob(f"{INCOMING}*"))


def _remove_if_left(path: Path) -> bool:
    try:
        lock = os.open(path / LOCK, os.O_RDWR)
    except FileNotFoundError:
        if time.time() - _modified_at(path) > GRACE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
            return True
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        if os.read(lock, 100).decode() != _machine() and time.time() - _changed_at(path) < ELSEWHERE_SECONDS:
            return False
        shutil.rmtree(path, ignore_errors=True)
        return True
    finally:
        os.close(lock)


def _machine() -> str:
    return BOOT_ID.read_text().strip() if BOOT_ID.is_file() else platform.node()


def _changed_at(path: Path) -> float:
    return max(_modified_at(entry) for entry in (path, *path.rglob("*")))


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
