"""Manifest of a backup: what is in it. It is written last, so a folder without one is an unfinished backup."""

import os
import re
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.syncing import sync
from operations.copying import FileEntry
from operations.errors import BackupDamaged

MANIFEST = "manifest.json"
DATABASE = "database"
ARTIFACTS = "artifacts"
DATASETS = "datasets"
"""Folders of the files, as in a data directory, wherever the store was."""
MAX_BYTES = 1024**3
"""Largest manifest that is read; that of a million files takes 200 MB."""

ARTIFACT = re.compile(r"artifacts/([0-9a-f]{2})/(\1[0-9a-f]{62})")
DATASET_FILE = re.compile(
    r"datasets/uploads/(readings/)?([0-9a-f]{2})/(\2[0-9a-f]{62}(-[0-9a-z]+)?)/[\w.-]+(/[^/\0]+)*"
)

TableName = Annotated[str, Field(pattern=r"^[a-z_]{1,63}$")]


class Manifest(BaseModel):
    """Content of a backup.

    Attributes:
        version: Version of Trainyard that made it.
        revision: Revision of the database.
        kind: Kind of the database, which a backup is restored to.
        database: The copy of the database.
        files: Artifacts and files of datasets, by their paths in the data directory.
        counts: Number of rows by table.
        damaged: Files that were missing or damaged at the time, which the backup lacks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    version: str
    revision: str
    kind: Literal["sqlite", "postgresql"]
    created_at: datetime
    database: FileEntry
    files: tuple[FileEntry, ...]
    counts: dict[TableName, Annotated[int, Field(ge=0)]]
    damaged: tuple[str, ...] = ()

    @property
    def num_bytes(self) -> int:
        """Return the size of everything."""
        return self.database.num_bytes + sum(file.num_bytes for file in self.files)

    @model_validator(mode="after")
    def _named_as_stored(self) -> Self:
        """Check that each path is one of the store, below the folder and nowhere else."""
        if self.database.path != DATABASE:
            raise ValueError(f"the database is '{self.database.path}' and not '{DATABASE}'")
        for file in self.files:
            artifact = ARTIFACT.fullmatch(file.path)
            is_dataset = DATASET_FILE.fullmatch(file.path) and ".." not in PurePosixPath(file.path).parts
            if not (artifact and artifact[2] == file.sha256) and not is_dataset:
                raise ValueError(f"'{file.path}' is no path of an artifact or a dataset")
        if len({file.path for file in self.files}) < len(self.files):
            raise ValueError("a path is there twice")
        return self


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, which makes the backup complete."""
    temporary = folder / f".{MANIFEST}"
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as writer:
        writer.write(manifest.model_dump_json(indent=1))
        writer.flush()
        os.fsync(writer.fileno())
    temporary.replace(folder / MANIFEST)
    sync(folder)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        BackupDamaged: If the folder has none, or one that cannot be read.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise BackupDamaged(f"There is no folder {folder}. Give the folder of a backup.")
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            raise BackupDamaged(f"{path} is not a manifest. Give a folder that `trainyard backup` has written.")
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        is_begun = (folder / DATABASE).exists() or (folder / "artifacts").exists()
        what = "an unfinished backup: it has" if is_begun else "not a backup: it has"
        raise BackupDamaged(f"{folder} is {what} no {MANIFEST}. Give another folder.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BackupDamaged(
            f"The manifest of {folder} cannot be read ({place + ': ' if place else ''}{first['msg']}). "
            "It is damaged, or of a newer version of Trainyard."
        ) from error
