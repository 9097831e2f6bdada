"""Response bodies of built-in and uploaded datasets."""

from collections.abc import Sequence
from typing import Any

from api.datasets.schemas import Dataset, DatasetDetail, DatasetVersion, DatasetVersionDetail
from api.http.schemas import NoticeEntry
from core.catalogue.example_specs import suggest_spec
from core.datasets.dataset import BUILT_IN_SOURCES
from core.errors import Conflict
from core.settings import Settings
from core.uploads.description import DescriptionFile
from db.records.datasets import DatasetVersionRecord

DESCRIPTIONS = {
    source.source_name(): source.about for source in sorted(BUILT_IN_SOURCES, key=lambda source: source.source_name())
}


def describe_built_in(name: str) -> Dataset:
    """Describe one of DESCRIPTIONS."""
    return Dataset(
        name=name,
        kind="built_in",
        description=DESCRIPTIONS[name],
        version=None,
        num_versions=0,
        num_bytes=None,
        created_at=None,
    )


def check_not_built_in(name: str) -> None:
    """Reject names of built-in datasets.

    Raises:
        Conflict: If the name is one.
    """
    if name in DESCRIPTIONS:
        raise Conflict(
            f"'{name}' is built in: it cannot be uploaded, deleted or downloaded. Uploads need other names, such as "
            f"my-{name.replace('_', '-')}."
        )


def version_path(name: str, version: int) -> str:
    """Return the path of a version."""
    return f"/v1/datasets/{name}/versions/{version}"


def list_dataset(newest: DatasetVersionRecord, num_versions: int) -> Dataset:
    """Return a dataset as an item of a list."""
    return Dataset(**_dataset_fields(newest, num_versions))


def describe_dataset(
    newest: DatasetVersionRecord, versions: Sequence[DatasetVersionRecord], settings: Settings
) -> DatasetDetail:
    """Return a dataset in full."""
    return DatasetDetail(
        **_dataset_fields(newest, len(versions)),
        versions=[list_version(version) for version in versions],
        newest=describe_version(newest, settings),
    )


def list_version(record: DatasetVersionRecord) -> DatasetVersion:
    """Return a version without its content; does not load the deferred column."""
    return DatasetVersion(**_version_fields(record))


def describe_version(record: DatasetVersionRecord, settings: Settings) -> DatasetVersionDetail:
    """Return a version in full."""
    described = DescriptionFile.model_validate(record.description)
    return DatasetVersionDetail(
        **_version_fields(record),
        description=described.description,
        warnings=[NoticeEntry.of(notice) for notice in described.warnings],
        options=described.options,
        findings=list(described.findings),
        example_spec=suggest_spec(record.dataset_name, record.version, described.description, settings),
    )


def _dataset_fields(newest: DatasetVersionRecord, num_versions: int) -> dict[str, Any]:
    return {
        "name": newest.dataset_name,
        "kind": newest.kind,
        "description": newest.summary,
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
        "reading": record.reading or None,
        "num_bytes": record.num_bytes,
        "filename": record.filename,
        "created_at": record.created_at,
    }
