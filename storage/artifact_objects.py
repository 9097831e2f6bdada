"""Artifacts in a bucket, with copies on this machine of those that are used here."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from core.artifacts import Artifact, ArtifactStore, StoredFile, describe_file, hash_file
from core.errors import ArtifactCorrupt
from storage.artifact_folder import ArtifactFolder
from storage.bucket import Bucket, StoredObject
from storage.copies import Copies, note_use

ARTIFACTS = "artifacts"


class ArtifactObjects(ArtifactStore):
    """Content-addressed objects: `artifacts/ab/abcdef…`.

    Args:
        bucket: Bucket of the objects.
        copies: Copies of those that were read.
    """

    def __init__(self, bucket: Bucket, copies: Copies) -> None:
        self._bucket = bucket
        self._copies = copies
        self._folder = ArtifactFolder(copies.artifacts_dir)

    def put(self, source: Path, name: str | None = None) -> Artifact:
        """Upload a file, also if there is an object with its hash.

        That renews the object's time. An object of an older time may be deleted with the last row that refers to it,
        before the new row is there.
        """
        sha256 = hash_file(source)
        self._bucket.put_file(_key(sha256), source, sha256)
        return describe_file(name or source.name, sha256, source.stat().st_size)

    def find(self, sha256: str) -> StoredFile | None:
        """Return size and time of the object with this hash; None if it is not there."""
        found = self._bucket.find(_key(sha256))
        return None if found is None else _describe(found)

    def verified_path(self, sha256: str) -> Path:
        """Return the path of a copy after checking that its bytes have this hash; it is downloaded if there is none.

        Raises:
            ArtifactCorrupt: If the object is missing or its bytes have changed.
            OSError: If a disk of this machine is full.
        """
        # A damaged copy is replaced.
        with suppress(ArtifactCorrupt):
            path = self._folder.verified_path(sha256)
            note_use(path)
            return path
        path = self._folder.path(sha256)
        self._copies.fill(path, partial(self.download, sha256))
        return path

    def find_hash(self, sha256: str) -> str | None:
        """Read the object with this hash, and return the hash of its bytes; None if it is not there."""
        return self._bucket.find_hash(_key(sha256))

    def local_path(self, sha256: str) -> None:
        """Return None."""

    def download(self, sha256: str, target: Path) -> None:
        """Write the bytes of an object to a new file.

        Raises:
            ArtifactCorrupt: If it is missing or its bytes have changed; there is no new file then.
        """
        try:
            found = self._bucket.download(_key(sha256), target)
        except FileNotFoundError as error:
            target.unlink(missing_ok=True)
            raise ArtifactCorrupt(
                f"The artifact {sha256[:12]}… is missing from the store. Train the run again."
            ) from error
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        if found != sha256:
            target.unlink()
            raise ArtifactCorrupt(f"The artifact {sha256[:12]}… has changed in the store. Train the run again.")

    def describe_place(self, sha256: str) -> str:
        """Return the URL of the object with this hash."""
        return self._bucket.describe_place(_key(sha256))

    def delete(self, sha256: str) -> None:
        """Delete an object, and its copy on this machine."""
        self._bucket.delete([_key(sha256)])
        self._folder.delete(sha256)

    def list_files(self) -> Iterator[StoredFile]:
        """Yield all objects."""
        return map(_describe, self._bucket.list_objects(ARTIFACTS))

    def now(self) -> datetime:
        """Return the time of the service."""
        return self._bucket.now()

    def remove_unfinished(self, *, older_than_seconds: float) -> None:
        """Do nothing: an unfinished upload is no object. Buckets have a rule for its parts (docs/storage.md)."""


def _key(sha256: str) -> str:
    return f"{ARTIFACTS}/{sha256[:2]}/{sha256}"


def _describe(found: StoredObject) -> StoredFile:
    return StoredFile(found.key.rpartition("/")[2], found.num_bytes, found.stored_at)
