"""Folder in which processes of one start leave data for each other; removed at its end, or by the next start."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "trainyard-api-"

GRACE_SECONDS = 60.0
"""A newer folder without a lock may be about to get one."""


@contextmanager
def exchange_dir(parent: Path | None = None) -> Iterator[Path]:
    """Create the folder, and remove those that earlier starts left behind.

    Only this user may read it. It is on this machine and not in the data directory, which may be a network's, because
    processes write to it every second.

    Args:
        parent: Folder to create it in; by default the system's for temporary files.
    """
    parent = parent or Path(tempfile.gettempdir())
    _remove_left(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(folder, os.O_RDONLY)
    try:
        # Released by the kernel at the end of this process, however it ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _remove_left(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            # Another user's, or removed meanwhile.
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = os.fstat(lock)
            if status.st_uid == os.getuid() and time.time() - status.st_mtime > GRACE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            # Its processes are running.
            continue
        finally:
            os.close(lock)
