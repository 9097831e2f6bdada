"""Copies of files, hashed on the way and synced to disk."""

import errno
import fcntl
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.artifacts import CHUNK_BYTES, hash_file
from core.errors import TrainyardError

FICLONE = 0x40049409
"""The ioctl by which a file system such as Btrfs or XFS copies a file without copying its blocks (ioctl_ficlone(2))."""


class FileEntry(BaseModel):
    """A file of a backup.

    Attributes:
        path: Place below the folder, with slashes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    num_bytes: Annotated[int, Field(ge=0)]


class WrongBytes(TrainyardError):
    """A file whose bytes do not have the hash that they should."""

    code = "wrong_bytes"


def copy_file(source: Path, target: Path, sha256: str | None, *, earlier: Path | None = None) -> tuple[str, int]:
    """Copy a regular file to a new one that only its owner can read; blocks are shared where the file system can.

    The copy is never the same file under another name: what happened to one would happen to the other.

    Args:
        source: File to copy; a symbolic link is refused.
        target: New file; its folders are created.
        sha256: Hash that its bytes must have; None for any.
        earlier: File of an earlier backup that may have the same bytes. If so, it gets another name in place of a copy:
            nothing changes the files of a backup.

    Returns:
        Hash and size of the bytes.

    Raises:
        FileNotFoundError: If the source is not there.
        WrongBytes: If its bytes have another hash; there is no new file then.
        OSError: If it cannot be read or written.
    """
    make_folders(target.parent)
    if earlier is not None and sha256 is not None and link_earlier(earlier, target, sha256):
        return sha256, target.stat().st_size
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(reading, "rb") as reader:
        if not stat.S_ISREG(os.fstat(reading).st_mode):
            raise WrongBytes(f"{source} is not a file")
        writing = os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(writing, "w+b") as writer:
                is_shared = _share_blocks(reading, writing)
                digest, num_bytes = hashlib.sha256(), 0
                # What was written is hashed, or for shared blocks what is there.
                while piece := (writer if is_shared else reader).read(CHUNK_BYTES):
                    digest.update(piece)
                    num_bytes += len(piece)
                    if not is_shared:
                        writer.write(piece)
                writer.flush()
                os.fsync(writing)
            if sha256 is not None and digest.hexdigest() != sha256:
                raise WrongBytes(  # noqa: TRY301 - the copy is removed as after any other error.
                    f"{source} has changed: its bytes do not have the sha256 {sha256[:12]}… any more"
                )
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return digest.hexdigest(), num_bytes


def link_earlier(earlier: Path, target: Path, sha256: str) -> bool:
    """Give a file of an earlier backup another name, in a folder that exists; False if it has not these bytes."""
    with suppress(OSError):
        if earlier.is_file() and not earlier.is_symlink() and hash_file(earlier) == sha256:
            os.link(earlier, target)
            return True
    return False


def make_folders(folder: Path) -> None:
    """Create a folder and those above it, as far as they are missing, for their owner alone."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def in_words(error: OSError, folder: Path) -> str:
    """Return the reason for which a file could not be written, and what to do."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"There is no space left for {folder}. Free some, or name a folder on another disk."
    return f"{error.filename or folder} cannot be read or written: {error.strerror or error}."


def _share_blocks(reading: int, writing: int) -> bool:
    try:
        fcntl.ioctl(writing, FICLONE, reading)
    except OSError:
        return False
    return True
