"""Response bodies of datasets."""

from datetime import datetime
from typing import Any

from api.http.schemas import AnswerModel, NoticeEntry
from core.uploads.description import DatasetDescription
from core.uploads.reading import Finding, ReadingOptions


class Dataset(AnswerModel):
    """Dataset that specs can use."""

    name: str
    kind: str
    """`built_in`, or for an upload `table`, `arrays` or `images`."""
    description: str
    version: int | None
    """Newest version; null for built-in datasets."""
    num_versions: int
    num_bytes: int | None
    """Size of the newest version's upload."""
    created_at: datetime | None
    """Time of the newest version's upload."""


class DatasetList(AnswerModel):
    """Page of datasets: first the built-in ones, then uploads by name."""

    items: list[Dataset]
    next_cursor: str | None


class DatasetVersion(AnswerModel):
    """Version of an uploaded dataset, without its content."""

    name: str
    version: int
    kind: str
    format: str
    """Format of the file: `csv`, `xlsx`, `parquet`, `json_lines`, `npy`, `npz`, `idx`, `zip` or `tar`."""
    summary: str
    sha256: str
    reading: str | None
    """Digest of the options that it was read with; null if none was set."""
    num_bytes: int
    filename: str | None
    created_at: datetime


class DatasetVersionDetail(DatasetVersion):
    """Version of an uploaded dataset, with its content."""

    description: DatasetDescription
    """Columns, arrays or classes, and a sample."""
    warnings: list[NoticeEntry]
    """Warnings about the data."""
    options: ReadingOptions
    """Options that it was read with; those that are null were detected."""
    findings: list[Finding]
    """Options that were detected, each with its sureness."""
    example_spec: dict[str, Any] | None
    """Suggested spec, which can be trained unchanged; the target of a table is guessed."""


class DatasetDetail(Dataset):
    """Dataset with its versions."""

    versions: list[DatasetVersion]
    """Newest first, at most 200; empty for built-in datasets."""
    newest: DatasetVersionDetail | None
