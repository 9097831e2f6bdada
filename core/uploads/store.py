"""Store of uploaded datasets: folders that are written elsewhere, moved into place by one rename, and removed likewise.

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
from core.uploads.folder import READINGS, DatasetFolder

INCOMING = ".incoming-"

REMOVED = ".removed-"

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
        folder: Dataset folder that `put` moves into place.
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

    def share_original(self, source: DatasetFolder) -> None:
        """Take the uploaded bytes of another folder, without a copy where the file system can.

        Raises:
            FileNotFoundError: If they are not there.
        """
        try:
            os.link(source.original, self.folder.original)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source.original, self.folder.original)

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


class DatasetStore:
    """The uploaded datasets on this machine."""

    def __init__(self, datasets_dir: Path) -> None:
        self._datasets_dir = datasets_dir
        self.root = datasets_dir / "uploads"

    def folder(self, key: str) -> DatasetFolder:
        """Return the folder of this name (`content_key`), whether or not it exists."""
        return DatasetFolder.of(self._datasets_dir, key)

    def holds(self, key: str) -> bool:
        """Return True if the folder of this name is stored completely."""
        return self.folder(key).description.is_file()

    def open(self) -> IncomingDataset:
        """Create a temporary folder for a new dataset; the caller must `discard` it in any case."""
        self.root.mkdir(parents=True, exist_ok=True)
        return IncomingDataset(Path(tempfile.mkdtemp(dir=self.root, prefix=INCOMING)))

    def free_bytes(self) -> int:
        """Return the free space of the disk in bytes."""
        self.root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.root).free

    def put(self, incoming: IncomingDataset, key: str) -> None:
        """Move a synced folder into place, unless it exists. The caller must prevent its removal meanwhile."""
        if self.holds(key):
            return
        target = self.folder(key).path
        # An incomplete folder was left by hand or by a faulty disk; `tidy` removes it.
        self._take_away(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        incoming.folder.path.rename(target)
        for folder in {target.parent, target.parent.parent, self.root}:
            sync(folder)

    def take_away(self, key: str) -> Path | None:
        """Move a folder out of place for `remove`; None if there is none. The caller must prevent a `put` meanwhile."""
        return self._take_away(self.folder(key).path)

    def remove(self, taken: Path) -> None:
        """Delete a folder of `take_away`."""
        shutil.rmtree(taken, ignore_errors=True)

    def keys_older_than(self, seconds: float) -> list[str]:
        """Return the names of the folders that were stored longer ago than this."""
        oldest = time.time() - seconds
        paths = (path for pattern in ("??/*", f"{READINGS}/??/*") for path in self.root.glob(pattern))
        return [path.name for path in paths if _modified_at(path) < oldest]

    def tidy(self) -> int:
        """Remove the abandoned folders of processes that died; return their number."""
        num_removed = 0
        for path in self.root.glob(f"{INCOMING}*"):
            num_removed += _remove_if_left(path)
        for path in self.root.glob(f"{REMOVED}*"):
            # Another process can only be removing it too.
            shutil.rmtree(path, ignore_errors=True)
            num_removed += 1
        return num_removed

    def _take_away(self, path: Path) -> Path | None:
        taken = Path(tempfile.mkdtemp(dir=self.root, prefix=REMOVED)) if path.exists() else None
        if taken is None:
            return None
        path.rename(taken / path.name)
        return taken


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
