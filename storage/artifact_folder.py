"""Artifacts in a folder of this machine, or of a file system that all machines share."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from core.artifacts import CHUNK_BYTES, Artifact, ArtifactStore, StoredFile, describe_file, hash_file
from core.errors import ArtifactCorrupt
from core.syncing import sync

INCOMING = ".incoming-"


class ArtifactFolder(ArtifactStore):
    """Content-addressed files in a folder: `ab/abcdef…`, written whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return the path of the file with this hash, whether or not it exists."""
        return self.root / sha256[:2] / sha256

    def put(self, source: Path, name: str | None = None) -> Artifact:
        """Copy a file into the folder, synced to disk before it appears under its hash."""
        self.root.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        num_bytes = 0
        descriptor, temporary_name = tempfile.mkstemp(dir=self.root, prefix=INCOMING)
        temporary = Path(temporary_name)
        try:
            # The descriptor comes first: it must be closed even if the source cannot be opened.
            with os.fdopen(descriptor, "wb") as writer, source.open("rb") as reader:
                while chunk := reader.read(CHUNK_BYTES):
                    digest.update(chunk)
                    writer.write(chunk)
                    num_bytes += len(chunk)
                writer.flush()
                os.fsync(writer.fileno())
            target = self.path(digest.hexdigest())
            is_new_folder = not target.parent.is_dir()
            target.parent.mkdir(exist_ok=True)
            temporary.replace(target)
            sync(target.parent)
            if is_new_folder:
                sync(self.root)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return describe_file(name or source.name, digest.hexdigest(), num_bytes)

    def find(self, sha256: str) -> StoredFile | None:
        """Return size and time of the file with this hash; None if it is not there."""
        return _describe(self.path(sha256))

    def verified_path(self, sha256: str) -> Path:
        """Return the path of a stored file after checking that its bytes still have this hash.

        Raises:
            ArtifactCorrupt: If the file is missing or its bytes have changed.
        """
        path = self.path(sha256)
        if not path.is_file():
            raise ArtifactCorrupt(f"The artifact {sha256[:12]}… is missing from the store. Train the run again.")
        if hash_file(path) != sha256:
            raise ArtifactCorrupt(f"The artifact {sha256[:12]}… has changed on disk. Train the run again.")
        return path

    def find_hash(self, sha256: str) -> str | None:
        """Read the file with this hash, and return the hash of its bytes; None if it is not there."""
        path = self.path(sha256)
        try:
            # A link leads to what may change without the store.
            return "" if path.is_symlink() or (not path.is_file() and path.exists()) else hash_file(path)
        except FileNotFoundError:
            return None

    def local_path(self, sha256: str) -> Path:
        """Return the path of the file with this hash, whether or not it exists."""
        return self.path(sha256)

    def download(self, sha256: str, target: Path) -> None:
        """Copy a stored file to a new file."""
        shutil.copyfile(self.verified_path(sha256), target)

    def describe_place(self, sha256: str) -> str:
        """Return the path of the file with this hash."""
        return str(self.path(sha256))

    def delete(self, sha256: str) -> None:
        """Remove a stored file; a missing one is not an error."""
        self.path(sha256).unlink(missing_ok=True)

    def list_files(self) -> Iterator[StoredFile]:
        """Yield all files, folder by folder."""
        for folder in sorted(self.root.glob("??")):
            for path in folder.iterdir():
                if (found := _describe(path)) is not None:
                    yield found

    def now(self) -> datetime:
        """Return the time of this machine."""
        return datetime.now(UTC)

    def remove_unfinished(self, *, older_than_seconds: float) -> None:
        """Remove old files that were not written to their end."""
        oldest = time.time() - older_than_seconds
        for path in self.root.glob(f"{INCOMING}*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _describe(path: Path) -> StoredFile | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        # Deleted meanwhile.
        return None
    return StoredFile(path.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
