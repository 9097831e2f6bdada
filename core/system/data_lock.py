"""Lock of a data directory while a backup is restored into it: nothing starts on it meanwhile.

The kernel releases it when the process ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".restore.lock"


@contextmanager
def lock_data(data_dir: Path) -> Iterator[bool]:
    """Hold the lock; yield False, without it, if another process does."""
    descriptor = os.open(data_dir / LOCK, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def is_locked(data_dir: Path) -> bool:
    """Return True while another process holds the lock."""
    try:
        descriptor = os.open(data_dir / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        # Nobody has restored anything here, or somebody else's file says nothing about this user's service.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
