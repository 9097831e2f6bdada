"""From an upload's rows to what clients see of it."""

from collections.abc import Sequence
from typing import Any

from api.datasets.schemas import Dataset, DatasetDetail, DatasetVersion, DatasetVersionDetail
from core.catalogue.example_specs import suggest_spec
from core.settings import Settings
from core.uploads.description import DescriptionFile
from db.records.datasets import DatasetVersionRecord


def version_path(name: str, version: int) -> str:
    """Where a version is."""
    return f"/v1/datasets/{name}/versions/{version}"


def list_dataset(newest: DatasetVersionRecord, num_versions: int) -> Dataset:
    """A dataset as lists show it."""
    return Dataset(**_dataset_fields(newest, num_versions))


def describe_dataset(
    newest: DatasetVersionRecord, versions: Sequence[DatasetVersionRecord], settings: Settings
) -> DatasetDetail:
    """A dataset in full."""
    return DatasetDetail(
        **_dataset_fields(newest, len(versions)),
        versions=[list_version(version) for version in versions],
        newest=describe_version(newest, settings),
    )


def list_version(record: DatasetVersionRecord) -> DatasetVersion:
    """A version without what was found in it; does not touch the column that lists leave out."""
    return DatasetVersion(**_version_fields(record))


def describe_version(record: DatasetVersionRecord, settings: Settings) -> DatasetVersionDetail:
    """A version in full."""
    described = DescriptionFile.model_validate(record.description)
    return DatasetVersionDetail(
        **_version_fields(record),
        description=described.description,
        warnings=list(described.warnings),
        example_spec=suggest_spec(record.dataset_name, record.version, described.description, settings),
    )


def _dataset_fields(newest: DatasetVersionRecord, num_versions: int) -> dict[str, Any]:
    return {
        "name": newest.dataset_name,
        "kind": newest.kind,
        "description": newest.summary,
        "state": "ready",
        "files": [],
        "missing": [],
        "version": newest.version,
        "num_versions": num_versions,
        "num_bytes": newest.num_bytes,
        "created_at": newest.created_at,
    }


def _version_fields(record: DatasetVersionRecord) -> dict[str, Any]:
    return {
        "name": record.dataset_name,
        "version": record.version,
        "kind": record.kind,
        "format": record.format,
        "summary": record.summary,
        "sha256": record.sha256,
        "num_bytes": record.num_bytes,
        "filename": record.filename,
        "created_at": record.created_at,
    }
