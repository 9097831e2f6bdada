"""Syncing to disk, so that what was written survives a power cut."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Sync a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(root: Path) -> None:
    """Sync the names in a folder and in all below it."""
    for directory, _, _ in os.walk(root):
        sync(Path(directory))
