"""Datasets in folders of this machine: written elsewhere, moved into place by one rename, and removed likewise."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from core.artifacts import hash_file
from core.syncing import sync
from core.uploads.folder import READINGS, SHA256_LENGTH, DatasetFolder
from core.uploads.incoming import IncomingDataset, IncomingFolder
from core.uploads.store import DatasetFile, DatasetStore, SentDataset

REMOVED = ".removed-"


class DatasetFolders(DatasetStore):
    """The uploaded datasets below a folder, of this machine or of a file system that all machines share."""

    def __init__(self, datasets_dir: Path) -> None:
        self._datasets_dir = datasets_dir
        self.root = datasets_dir / "uploads"
        self._incoming = IncomingFolder(self.root)

    def folder(self, key: str) -> DatasetFolder:
        """Return the folder of this name (`content_key`), whether or not it exists."""
        return DatasetFolder.of(self._datasets_dir, key)

    def local_folder(self, key: str) -> DatasetFolder:
        """Return the folder of this name, whether or not it exists."""
        return self.folder(key)

    def describe_place(self, key: str) -> str:
        """Return the path of the folder."""
        return str(self.folder(key).path)

    def holds(self, key: str) -> bool:
        """Return True if the folder of this name is stored completely."""
        return self.folder(key).description.is_file()

    def open(self) -> IncomingDataset:
        """Create a temporary folder beside the others; the caller must `discard` it in any case."""
        return self._incoming.open()

    def free_bytes(self) -> int:
        """Return the free space of the disk in bytes."""
        return self._incoming.free_bytes()

    def send(self, folder: DatasetFolder, key: str) -> SentDataset:
        """Do nothing: a folder that was opened here is where the store is."""
        return SentDataset(key, folder)

    def put(self, sent: SentDataset) -> None:
        """Move a synced folder into place, unless it exists. The caller must prevent its removal meanwhile."""
        if self.holds(sent.key):
            return
        target = self.folder(sent.key).path
        # An incomplete folder was left by hand or by a faulty disk; `tidy` removes it.
        self._take_away(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        sent.folder.path.rename(target)
        for folder in {target.parent, target.parent.parent, self.root}:
            sync(folder)

    def take_away(self, key: str) -> Callable[[], None] | None:
        """Move a folder out of place; the function that is returned deletes it."""
        taken = self._take_away(self.folder(key).path)
        return None if taken is None else partial(shutil.rmtree, taken, ignore_errors=True)

    def keys_older_than(self, seconds: float) -> list[str]:
        """Return the names of the folders that were stored longer ago than this."""
        oldest = time.time() - seconds
        paths = (path for pattern in ("??/*", f"{READINGS}/??/*") for path in self.root.glob(pattern))
        return [path.name for path in paths if _modified_at(path) < oldest]

    def tidy(self) -> int:
        """Remove the abandoned folders of processes that died; return their number."""
        num_removed = self._incoming.tidy()
        for path in self.root.glob(f"{REMOVED}*"):
            # Another process can only be removing it too.
            shutil.rmtree(path, ignore_errors=True)
            num_removed += 1
        return num_removed

    def remove_unfinished(self, *, older_than_seconds: float) -> int:  # noqa: ARG002 - Nothing is sent anywhere.
        """Do nothing: `tidy` has removed what is unfinished."""
        return 0

    @contextmanager
    def borrowed(self, key: str | None) -> Iterator[Path]:  # noqa: ARG002 - All are here.
        """Return the folder of all datasets."""
        yield self._datasets_dir

    def find_original(self, key: str) -> Path | None:
        """Return the path of the uploaded bytes; None if they are not there."""
        path = self.folder(key).original
        return path if path.is_file() else None

    def list_files(self, key: str) -> list[DatasetFile]:
        """Return the files of a folder; of these the name of the folder tells the hash of the uploaded bytes alone."""
        folder = self.folder(key)
        files = [
            DatasetFile(
                path.relative_to(folder.path).as_posix(),
                path.lstat().st_size,
                key[:SHA256_LENGTH] if path == folder.original else None,
            )
            for path in sorted(folder.path.rglob("*"))
            if path.is_symlink() or not path.is_dir()
        ]
        # Looked for last: a folder that is deleted is first moved away as a whole.
        for needed in (folder.original, folder.description):
            needed.stat()
        return files

    def find_hash(self, key: str, path: str) -> str | None:
        """Return the sha256 of a file's bytes; None if it is not there."""
        try:
            return hash_file(self.folder(key).path / path)
        except FileNotFoundError:
            return None

    def download(self, key: str, path: str, target: Path) -> None:
        """Copy a file of a dataset to a new file."""
        shutil.copyfile(self.folder(key).path / path, target)

    def _take_away(self, path: Path) -> Path | None:
        taken = Path(tempfile.mkdtemp(dir=self.root, prefix=REMOVED)) if path.exists() else None
        if taken is None:
            return None
        path.rename(taken / path.name)
        return taken


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
