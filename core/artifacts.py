"""Artifacts: the files of runs, each stored once under the sha256 of its bytes."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

CHUNK_BYTES = 1024 * 1024

KERAS_MODEL = "model.keras"
ONNX_MODEL = "model.onnx"
SIGNATURE = "signature.json"
INITIAL_WEIGHTS = "initial_weights.keras"
"""The `model.keras` of the run that a run starts from."""
EVALUATION = "evaluation.json"
REFERENCE = "training_summary.json"
"""Summary of the training samples, which served requests are compared with."""
TRAINER_LOG = "trainer.log"

MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".keras": "application/zip",
    ".log": "text/plain; charset=utf-8",
    ".npz": "application/zip",
    ".onnx": "application/onnx",
    ".parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored file.

    Attributes:
        name: Name within the run, such as `model.onnx`.
        sha256: Hash of its bytes, 64 hexadecimal digits; also its place in the store.
        num_bytes: Size in bytes.
        media_type: Media type, as in HTTP's Content-Type.
    """

    name: str
    sha256: str
    num_bytes: int
    media_type: str


def describe_file(name: str, sha256: str, num_bytes: int) -> Artifact:
    """Return a file as an artifact of this name, whose ending says its media type."""
    return Artifact(name, sha256, num_bytes, MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as its store describes it.

    Attributes:
        name: Its sha256; whatever else lies among the artifacts has another name.
        num_bytes: Size in bytes.
        stored_at: Time at which it was last stored, by the store's clock.
    """

    name: str
    num_bytes: int
    stored_at: datetime


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


class ArtifactStore(ABC):
    """Content-addressed files: each is written whole or not at all, and equal bytes are stored once.

    Every method raises StorageUnavailable if the store is elsewhere and does not answer, or refuses its credentials.
    """

    @abstractmethod
    def put(self, source: Path, name: str | None = None) -> Artifact:
        """Store a copy of a file under its hash. Storing it again updates its time, even if it is there already.

        Args:
            source: File to copy.
            name: Name of the artifact; that of the file by default.

        Raises:
            OSError: If the file cannot be read, or a disk of this machine is full.
        """

    @abstractmethod
    def find(self, sha256: str) -> StoredFile | None:
        """Return what the store says of the file with this hash; None if it is not there."""

    def find_size(self, sha256: str) -> int | None:
        """Return the size in bytes of the file with this hash; None if it is not there."""
        found = self.find(sha256)
        return None if found is None else found.num_bytes

    @abstractmethod
    def verified_path(self, sha256: str) -> Path:
        """Return a path on this machine of a stored file, after checking that its bytes still have this hash.

        It is to be opened soon: copies of a store that is elsewhere make room for others once they are not used.

        Raises:
            ArtifactCorrupt: If the file is missing or its bytes have changed.
        """

    @abstractmethod
    def find_hash(self, sha256: str) -> str | None:
        """Read the stored file with this hash, and return the hash that its bytes have; None if it is not there.

        Raises:
            OSError: If it cannot be read.
        """

    @abstractmethod
    def local_path(self, sha256: str) -> Path | None:
        """Return the path of the file with this hash, whether or not it exists; None if the store is elsewhere."""

    @abstractmethod
    def download(self, sha256: str, target: Path) -> None:
        """Write the bytes of a stored file to a new file.

        Raises:
            ArtifactCorrupt: If the file is missing or its bytes have changed; there is no new file then.
            OSError: If it cannot be written.
        """

    @abstractmethod
    def describe_place(self, sha256: str) -> str:
        """Return the place of the file with this hash, in words for people."""

    @abstractmethod
    def delete(self, sha256: str) -> None:
        """Remove a stored file; a missing one is not an error."""

    @abstractmethod
    def list_files(self) -> Iterator[StoredFile]:
        """Yield all that is stored."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time of the store's clock, which `StoredFile.stored_at` is of."""

    @abstractmethod
    def remove_unfinished(self, *, older_than_seconds: float) -> None:
        """Remove what processes that died have left of files that they were storing."""
