"""Checks of uploaded datasets: the uploaded bytes by their hash, and what was made of them by its form.

The database knows the hash of the uploaded bytes alone.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from core.artifacts import hash_file
from core.errors import ArtifactCorrupt, DatasetMissing
from core.findings import Finding
from core.uploads.description import ArraysDescription, DatasetDescription, ImagesDescription, TableDescription
from core.uploads.folder import DatasetFolder
from core.uploads.store import DatasetStore
from db import datasets, stored_references
from db.session import Database
from db.stored_datasets import KEYS_A_QUERY
from db.stored_files import KEPT_SECONDS
from db.stored_references import DatasetReference
from operations.file_checks import COLLECTED
from operations.manifest import DATASETS
from operations.reporting import Report

PARQUET_MAGIC = b"PAR1"
PARQUET_TAIL_BYTES = 8
"""Length of the footer and the magic, the last bytes of a Parquet file."""


def check_datasets(database: Database, store: DatasetStore, report: Report, *, is_quick: bool) -> None:
    """Report dataset versions whose files are missing or damaged, and files of nobody."""
    with database.reading() as session:
        pages = list(stored_references.iterate_datasets(session))
    for version in (version for page in pages for version in page):
        report.count("dataset versions")
        folder = store.local_folder(version.key)
        if folder is not None:
            fault = _find_fault(folder, version, is_quick=is_quick)
        else:
            fault = _find_fault_elsewhere(store, version, is_quick=is_quick)
        if fault is not None and _is_needed(database, version):
            subject = f"dataset {version.name} v{version.version}"
            report.add(Finding(fault[0], subject, fault[1], _remedy(version)))
    old = store.keys_older_than(KEPT_SECONDS)
    for start in range(0, len(old), KEYS_A_QUERY):
        with database.reading() as session:
            unowned = datasets.unreferenced(session, old[start : start + KEYS_A_QUERY])
        for key in unowned:
            detail = "No dataset version refers to this folder, which is older than a day."
            report.add(Finding("file_unowned", store.describe_place(key), detail, COLLECTED, is_note=True))


def _find_fault(folder: DatasetFolder, version: DatasetReference, *, is_quick: bool) -> tuple[str, str] | None:
    """Return code and words of the first fault of a dataset's files."""
    try:
        size = folder.original.stat().st_size
        description = folder.read_description().description
    except FileNotFoundError as error:
        return "dataset_missing", f"{error.filename or folder.path} is missing."
    except DatasetMissing:
        return "dataset_missing", f"{folder.description} is missing."
    except ValidationError:
        return "dataset_damaged", f"{folder.description} cannot be read."
    except OSError as error:
        return "dataset_damaged", f"{folder.path} cannot be read: {error.strerror}."
    if size != version.num_bytes:
        return "dataset_damaged", f"{folder.original} has {size:,} bytes, expected {version.num_bytes:,}."
    try:
        if not is_quick and hash_file(folder.original) != version.sha256:
            return "dataset_damaged", f"The bytes of {folder.original} do not have the sha256 {version.sha256}."
        fault = next(_check_form(folder, description), None)
    except FileNotFoundError as error:
        return "dataset_missing", f"{error.filename or folder.path} is missing."
    except (OSError, ValueError) as error:
        return "dataset_damaged", f"Files in {folder.path} cannot be read: {str(error).rstrip('.')}."
    return None if fault is None else ("dataset_damaged", fault)


def _find_fault_elsewhere(store: DatasetStore, version: DatasetReference, *, is_quick: bool) -> tuple[str, str] | None:
    """Return code and words of the first fault of a dataset whose files are not on this machine."""
    place = store.describe_place(version.key)
    try:
        files = store.list_files(version.key)
    except FileNotFoundError:
        return "dataset_missing", f"{place} is missing or incomplete."
    except ArtifactCorrupt as error:
        return "dataset_damaged", error.detail
    known = {file.path: file for file in files}
    original = known.get("original")
    if original is None or (original.sha256, original.num_bytes) != (version.sha256, version.num_bytes):
        return "dataset_damaged", f"{place} does not have the uploaded bytes."
    for file in [] if is_quick else files:
        found = store.find_hash(version.key, file.path)
        if found is None:
            return "dataset_missing", f"{place}{file.path} is missing."
        if found != file.sha256:
            return "dataset_damaged", f"The bytes of {place}{file.path} do not have the sha256 {file.sha256}."
    return None


def _check_form(folder: DatasetFolder, description: DatasetDescription) -> Iterator[str]:
    match description:
        case TableDescription():
            yield from _check_parquet(folder.table)
        case ArraysDescription():
            for array in description.arrays:
                path = folder.arrays / f"{array.name}.npy"
                # NumPy compares the size of the file with its header; the numbers are not read.
                found = np.load(path, mmap_mode="r", allow_pickle=False)
                if (found.shape, found.dtype.name) != (array.shape, array.dtype):
                    yield f"{path} has {found.dtype.name} {found.shape}, expected {array.dtype} {array.shape}."
        case ImagesDescription():
            images = np.load(folder.image_records, mmap_mode="r", allow_pickle=False)
            size = folder.image_bytes.stat().st_size
            if len(images) != description.num_images:
                yield f"{folder.image_records} has {len(images):,} images, expected {description.num_images:,}."
            elif len(images) and int((images["offset"] + images["num_bytes"]).max()) > size:
                yield f"{folder.image_bytes} is truncated: it has {size:,} bytes."


def _check_parquet(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        begins = file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
        size = file.seek(0, 2)
        file.seek(max(size - PARQUET_TAIL_BYTES, 0))
        tail = file.read()
    footer_bytes = int.from_bytes(tail[:4], "little")
    if not begins or tail[4:] != PARQUET_MAGIC or footer_bytes + PARQUET_TAIL_BYTES + len(PARQUET_MAGIC) > size:
        yield f"{path} is not a whole Parquet file."


def _remedy(version: DatasetReference) -> str:
    folder = DatasetFolder.of(Path(DATASETS), version.key).path
    return (
        f"Copy the folder {folder} of a backup to its place, or delete the "
        f"version and upload the file again: trainyard data delete {version.name} {version.version}"
    )


def _is_needed(database: Database, version: DatasetReference) -> bool:
    with database.reading() as session:
        return not datasets.unreferenced(session, [version.key])
