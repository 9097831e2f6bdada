"""A small disk that can be filled."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.service import ServiceFailed

CHUNK_BYTES = 64 * 1024


@contextmanager
def small_disk(folder: Path, num_bytes: int) -> Iterator[None]:
    """Mount a disk of this size, in memory, on an empty folder.

    Raises:
        ServiceFailed: If this user may not mount one.
    """
    options = ["-t", "tmpfs", "-o", f"size={num_bytes}", "trainyard-faults", str(folder)]
    mounted = subprocess.run([shutil.which("mount") or "mount", *options], check=False, capture_output=True, text=True)
    if mounted.returncode:
        raise ServiceFailed(
            f"No disk can be mounted to fill it: {mounted.stderr.strip()}. Run as root, or leave out full-disk."
        )
    try:
        yield
    finally:
        # Lazily: a process that is about to end may still have a file open.
        subprocess.run([shutil.which("umount") or "umount", "--lazy", folder], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave nothing of the disk of a folder within the block."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            # The last write is a short one, or fails.
            while _write(file.fileno()):
                pass
        yield
    finally:
        filler.unlink()


def _write(descriptor: int) -> int:
    try:
        return os.write(descriptor, bytes(CHUNK_BYTES))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return 0
