"""Artifacts: the files of runs, each stored once under the sha256 of its bytes."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import ArtifactCorrupt
from core.syncing import sync

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


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


class ArtifactStore:
    """Content-addressed files in a folder: `ab/abcdef…`, written whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return the path of the file with this hash, whether or not it exists."""
        return self.root / sha256[:2] / sha256

    def put(self, source: Path, name: str | None = None) -> Artifact:
        """Copy a file into the store, synced to disk before it appears under its hash.

        Equal bytes are stored once.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        num_bytes = 0
        descriptor, temporary_name = tempfile.mkstemp(dir=self.root, prefix=".incoming-")
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
        name = name or source.name
        media_type = MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
        return Artifact(name=name, sha256=digest.hexdigest(), num_bytes=num_bytes, media_type=media_type)

    def find_size(self, sha256: str) -> int | None:
        """Return the size in bytes of the file with this hash; None if it is not there."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

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

    def delete(self, sha256: str) -> None:
        """Remove a stored file; a missing one is not an error."""
        self.path(sha256).unlink(missing_ok=True)
