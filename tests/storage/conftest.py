"""Stores in a folder and in a bucket of a real S3-compatible server, moto's, and ways to look at and damage both."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core.artifacts import ArtifactStore
from core.uploads.store import DatasetStore
from storage.artifact_folder import ArtifactFolder
from storage.artifact_objects import ArtifactObjects
from storage.bucket import Bucket
from storage.copies import Copies
from storage.dataset_folders import DatasetFolders
from storage.dataset_objects import DatasetObjects

PART_BYTES = 5 * 1024 * 1024
"""The smallest part that S3 takes."""


@dataclass
class Place:
    """A place that both stores are opened on, as often as a test likes."""

    folder: Path
    server: Any = None
    prefix: str = ""

    @property
    def is_elsewhere(self) -> bool:
        return self.server is not None

    def bucket(self, **options: Any) -> Bucket:
        return Bucket(f"s3://{self.server.bucket}/{self.prefix}", self.server.url, part_bytes=PART_BYTES, **options)

    def artifacts(self, machine: str = "here") -> ArtifactStore:
        if not self.is_elsewhere:
            return ArtifactFolder(self.folder / "artifacts")
        return ArtifactObjects(self.bucket(), Copies(self.folder / machine, 10**9))

    def datasets(self, machine: str = "here") -> DatasetStore:
        if not self.is_elsewhere:
            return DatasetFolders(self.folder / "datasets")
        return DatasetObjects(self.bucket(), Copies(self.folder / machine, 10**9), self.folder / machine / "uploads")

    def names(self) -> list[str]:
        """Names of all stored files, or keys of all objects."""
        if self.is_elsewhere:
            return [found.key for found in self.bucket().list_objects("") if found.key != "clock"]
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def overwrite(self, name: str, content: bytes) -> None:
        """Damage what is stored."""
        if self.is_elsewhere:
            self.bucket().put_bytes(name, content)
        else:
            (self.folder / name).write_bytes(content)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place of each kind."""
    if request.param == "folder":
        return Place(tmp_path)
    return request.getfixturevalue("elsewhere")


@pytest.fixture
def elsewhere(s3_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An empty place in a bucket."""
    for name, value in s3_server.credentials.items():
        monkeypatch.setenv(name, value)
    return Place(tmp_path, s3_server, f"tests/{uuid4().hex}")
