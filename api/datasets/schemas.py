"""Bodies about datasets."""

from datetime import datetime
from typing import Any

from api.http.schemas import AnswerModel
from core.uploads.description import DatasetDescription


class Dataset(AnswerModel):
    """Data that a spec can name."""

    name: str
    kind: str
    """`built_in`; or what was uploaded: `table`, `arrays` or `images`."""
    description: str
    version: int | None
    """The newest version; null for data that are built in."""
    num_versions: int
    num_bytes: int | None
    """Of the newest version, as it was uploaded."""
    created_at: datetime | None
    """When the newest version was uploaded."""


class DatasetList(AnswerModel):
    """A page of what specs can name: first what is built in, then uploads by name."""

    items: list[Dataset]
    next_cursor: str | None


class DatasetVersion(AnswerModel):
    """What was uploaded under a name, without what was found in it."""

    name: str
    version: int
    kind: str
    format: str
    """Of the bytes: `csv`, `parquet`, `json_lines`, `npy`, `npz`, `idx`, `zip` or `tar`."""
    summary: str
    sha256: str
    num_bytes: int
    filename: str | None
    created_at: datetime


class DatasetVersionDetail(DatasetVersion):
    """What was uploaded under a name, and what was found in it."""

    description: DatasetDescription
    """Columns, arrays or classes, and a sample."""
    warnings: list[str]
    """What people should look at."""
    example_spec: dict[str, Any] | None
    """A spec that can be trained as it stands, for a start; the target of a table is guessed."""


class DatasetDetail(Dataset):
    """Data that a spec can name, and its versions."""

    versions: list[DatasetVersion]
    """Newest first, 200 at most; empty for data that are built in."""
    newest: DatasetVersionDetail | None
