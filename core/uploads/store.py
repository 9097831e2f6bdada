"""The folders of uploaded datasets on disk: made beside their place, put there by one rename, removed the same way.

While a folder is being made its maker holds a lock on a file in it. A process that dies lets go of its locks, so what
it left behind can be told from what another process is at work on, without waiting for anything to grow old.
"""

import fcntl
import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

from core.uploads.folder import DatasetFolder

INCOMING = ".incoming-"

REMOVED = ".removed-"

LOCK = "lock"

GRACE_SECONDS = 60.0
"""A folder without a lock that is younger may be about to get one."""

ELSEWHERE_SECONDS = 3600.0
"""Shared storage may not carry locks from one machine to another. A folder that another machine was making counts as
left once nothing in it has changed for so long."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Differs between machines, and is the same for all containers of one (random(4))."""


class IncomingDataset:
    """A folder in the making.

    Attributes:
        path: All of it; goes away when it is put in place or given up.
        folder: What will be put in place.
        scratch: For temporary files of whoever makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = DatasetFolder(path / "data")
        self.scratch = path / "scratch"
        self._lock = os.open(path / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.write(self._lock, _machine().encode())
        self.folder.path.mkdir()
        self.scratch.mkdir()

    def sync(self) -> None:
        """Have everything on disk, and readable by workers that run as other users."""
        for directory, _, names in os.walk(self.folder.path):
            for name in names:
                path = Path(directory, name)
                path.chmod(0o644)
                _sync(path)
            Path(directory).chmod(0o755)
            _sync(Path(directory))

    def discard(self) -> None:
        """Remove what is left of it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


class DatasetStore:
    """Every uploaded dataset on this machine."""

    def __init__(self, datasets_dir: Path) -> None:
        self._datasets_dir = datasets_dir
        self.root = datasets_dir / "uploads"

    def folder(self, sha256: str) -> DatasetFolder:
        """Where the upload of this hash lies, whether or not it is there."""
        return DatasetFolder.of(self._datasets_dir, sha256)

    def holds(self, sha256: str) -> bool:
        """Whether the upload of this hash is here, whole."""
        return self.folder(sha256).description.is_file()

    def open(self) -> IncomingDataset:
        """Begin to take one in; `discard` it whatever happens."""
        self.root.mkdir(parents=True, exist_ok=True)
        return IncomingDataset(Path(tempfile.mkdtemp(dir=self.root, prefix=INCOMING)))

    def free_bytes(self) -> int:
        """Room on the disk that holds them."""
        self.root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.root).free

    def put(self, incoming: IncomingDataset, sha256: str) -> None:
        """Put a synced folder in place, unless it is there. Others must be kept from removing it meanwhile."""
        if self.holds(sha256):
            return
        target = self.folder(sha256).path
        # What is there and not whole was left by hand, or by a disk that lost it; `tidy` removes it.
        self._take_away(target)
        target.parent.mkdir(exist_ok=True)
        incoming.folder.path.rename(target)
        _sync(target.parent)
        _sync(self.root)

    def take_away(self, sha256: str) -> Path | None:
        """Take a folder out of its place, for `remove`; None if there is none. Others must be kept from putting one."""
        return self._take_away(self.folder(sha256).path)

    def remove(self, taken: Path) -> None:
        """Delete what `take_away` took."""
        shutil.rmtree(taken, ignore_errors=True)

    def hashes_older_than(self, seconds: float) -> list[str]:
        """What is stored here, but for what is new."""
        oldest = time.time() - seconds
        return [path.name for path in self.root.glob("??/*") if _modified_at(path) < oldest]

    def tidy(self) -> int:
        """Remove what processes that died have left behind; returns how many folders."""
        num_removed = 0
        for path in self.root.glob(f"{INCOMING}*"):
            num_removed += _remove_if_left(path)
        for path in self.root.glob(f"{REMOVED}*"):
            # Nobody else may be at work here but someone who removes it too.
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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
