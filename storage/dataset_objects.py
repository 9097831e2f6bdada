"""Datasets in a bucket, with copies on this machine of those that are used here.

The files of a dataset are sent below a name of their own, `datasets/KEY/SENDING/PATH`. Its manifest is written last and
deleted first, so that a dataset is stored as a whole or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from core.artifacts import hash_file
from core.errors import ArtifactCorrupt
from core.uploads.folder import DatasetFolder
from core.uploads.incoming import IncomingDataset, IncomingFolder
from core.uploads.store import DatasetFile, DatasetStore, SentDataset
from storage.bucket import Bucket, StoredObject
from storage.copies import Copies

DATASETS = "datasets"
MANIFEST = "manifest.json"
ORIGINAL = "original"


class Manifest(BaseModel):
    """List of the files of a dataset, stored beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[DatasetFile, ...]


class DatasetObjects(DatasetStore):
    """Datasets as objects of a bucket.

    Args:
        bucket: Bucket of the objects.
        copies: Copies of those that were read.
        incoming_dir: Folder of this machine in which new datasets are written.
    """

    def __init__(self, bucket: Bucket, copies: Copies, incoming_dir: Path) -> None:
        self._bucket = bucket
        self._copies = copies
        self._incoming = IncomingFolder(incoming_dir)

    def open(self) -> IncomingDataset:
        """Create a temporary folder on this machine; the caller must `discard` it in any case."""
        return self._incoming.open()

    def free_bytes(self) -> int:
        """Return the free space of this machine's disk in bytes."""
        return self._incoming.free_bytes()

    def send(self, folder: DatasetFolder, key: str) -> SentDataset:
        """Upload the files of a folder; without a manifest they are no dataset yet."""
        sending, files = uuid4().hex, _list_folder(folder)
        for file in files:
            self._bucket.put_file(_name(key, sending, file.path), folder.path / file.path, str(file.sha256))
        return SentDataset(key, folder, sending, files)

    def put(self, sent: SentDataset) -> None:
        """Write the manifest, unless there is one. The caller must prevent its removal meanwhile."""
        if self._find_sending(sent.key) is None:
            content = Manifest(files=sent.files).model_dump_json().encode()
            self._bucket.put_bytes(_name(sent.key, sent.sending, MANIFEST), content)

    def holds(self, key: str) -> bool:
        """Return True if the dataset has a manifest."""
        return self._find_sending(key) is not None

    def take_away(self, key: str) -> Callable[[], None] | None:
        """Delete the manifest; the function that is returned deletes the files."""
        found = list(self._bucket.list_objects(f"{DATASETS}/{key}"))
        manifests = [one.key for one in found if _is_manifest(one)]
        if not manifests:
            return None
        self._bucket.delete(manifests)
        sendings = {manifest.removesuffix(MANIFEST) for manifest in manifests}
        # Files of others are on their way to be put in its place.
        files = [one.key for one in found if any(one.key.startswith(sending) for sending in sendings)]
        return partial(self._bucket.delete, files)

    def keys_older_than(self, seconds: float) -> list[str]:
        """Return the names of the datasets that were stored longer ago than this, by the clock of the service."""
        oldest = self._bucket.now() - timedelta(seconds=seconds)
        manifests = (one for one in self._bucket.list_objects(DATASETS) if _is_manifest(one))
        return [one.key.split("/")[1] for one in manifests if one.stored_at < oldest]

    def tidy(self) -> int:
        """Remove from this machine the abandoned folders of processes that died; return their number."""
        return self._incoming.tidy()

    def remove_unfinished(self, *, older_than_seconds: float) -> int:
        """Delete old files without a manifest: of a process that died, or of a dataset that was stored meanwhile."""
        oldest = self._bucket.now() - timedelta(seconds=older_than_seconds)
        num_removed = 0
        found = sorted(self._bucket.list_objects(DATASETS), key=lambda one: one.key)
        for _, files in groupby(found, key=lambda one: one.key.split("/")[:3]):
            sending = list(files)
            if not any(_is_manifest(one) or one.stored_at >= oldest for one in sending):
                self._bucket.delete(one.key for one in sending)
                num_removed += 1
        return num_removed

    @contextmanager
    def borrowed(self, key: str | None) -> Iterator[Path]:
        """Keep copies of all files but the uploaded bytes, which nothing but downloads needs."""
        sending = None if key is None else self._find_sending(key)
        if key is None or sending is None:
            # Who looks there for a dataset says that it is missing.
            yield self._copies.dataset_dir("none")
            return
        folder = self._copies.dataset_dir(sending)
        with self._copies.held(folder):
            for file in self._read_manifest(key, sending):
                if file.path != ORIGINAL:
                    self._copy(key, sending, file)
            yield folder

    def find_original(self, key: str) -> Path | None:
        """Return the path of a copy of the uploaded bytes; None if they are not stored."""
        sending = self._find_sending(key)
        if sending is None:
            return None
        with self._copies.held(self._copies.dataset_dir(sending)):
            for file in self._read_manifest(key, sending):
                if file.path == ORIGINAL:
                    return self._copy(key, sending, file)
        return None

    def list_files(self, key: str) -> list[DatasetFile]:
        """Return the files in the manifest."""
        return self._read_manifest(key, self._expect_sending(key))

    def find_hash(self, key: str, path: str) -> str | None:
        """Read a file of a dataset, and return the sha256 of its bytes; None if it is not there."""
        sending = self._find_sending(key)
        return None if sending is None else self._bucket.find_hash(_name(key, sending, path))

    def download(self, key: str, path: str, target: Path) -> None:
        """Write a file of a dataset to a new file."""
        sending = self._expect_sending(key)
        file = next((one for one in self._read_manifest(key, sending) if one.path == path), None)
        if file is None:
            raise FileNotFoundError(f"{self.describe_place(key)} has no {path}")
        self._download(key, sending, file, target)

    def local_folder(self, key: str) -> None:
        """Return None."""

    def describe_place(self, key: str) -> str:
        """Return the URL below which the dataset lies."""
        return self._bucket.describe_place(f"{DATASETS}/{key}/")

    def _find_sending(self, key: str) -> str | None:
        """Return the name below which the dataset is complete; None if there is none."""
        manifests = [one for one in self._bucket.list_objects(f"{DATASETS}/{key}") if _is_manifest(one)]
        first = min(manifests, key=lambda one: (one.stored_at, one.key), default=None)
        return None if first is None else first.key.split("/")[2]

    def _expect_sending(self, key: str) -> str:
        sending = self._find_sending(key)
        if sending is None:
            raise FileNotFoundError(f"{self.describe_place(key)} has no {MANIFEST}")
        return sending

    def _read_manifest(self, key: str, sending: str) -> list[DatasetFile]:
        name = _name(key, sending, MANIFEST)
        content = self._bucket.read_bytes(name)
        if content is None:
            raise FileNotFoundError(f"{self._bucket.describe_place(name)} is missing")
        try:
            return list(Manifest.model_validate_json(content).files)
        except ValidationError as error:
            raise ArtifactCorrupt(
                f"{self._bucket.describe_place(name)} cannot be read. Upload the dataset again."
            ) from error

    def _copy(self, key: str, sending: str, file: DatasetFile) -> Path:
        """Return the path of a copy, in the size that it should have; its hash was checked when it was made."""
        path = DatasetFolder.of(self._copies.dataset_dir(sending), key).path / file.path
        try:
            is_there = path.stat().st_size == file.num_bytes
        except FileNotFoundError:
            is_there = False
        if not is_there:
            self._copies.fill(path, partial(self._download, key, sending, file))
        return path

    def _download(self, key: str, sending: str, file: DatasetFile, target: Path) -> None:
        try:
            found = self._bucket.download(_name(key, sending, file.path), target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        if found != file.sha256:
            target.unlink()
            raise ArtifactCorrupt(
                f"{self.describe_place(key)}{sending}/{file.path} has changed in the store. Upload the dataset again."
            )


def _name(key: str, sending: str, path: str) -> str:
    return f"{DATASETS}/{key}/{sending}/{path}"


def _is_manifest(found: StoredObject) -> bool:
    # A dataset may have a file of this name in a folder.
    return found.key.split("/")[3:] == [MANIFEST]


def _list_folder(folder: DatasetFolder) -> tuple[DatasetFile, ...]:
    paths = sorted(path for path in folder.path.rglob("*") if path.is_file())
    return tuple(
        DatasetFile(path.relative_to(folder.path).as_posix(), path.stat().st_size, hash_file(path)) for path in paths
    )
