"""Uploads as rows and files at once: neither is ever without the other, but for files that are tidied away later."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import TrainyardError
from core.uploads.description import DescriptionFile, summarise
from core.uploads.store import DatasetStore, IncomingDataset
from db import datasets
from db.records.datasets import DatasetVersionRecord
from db.session import Database

logger = logging.getLogger(__name__)

HASHES_A_QUERY = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that came, and what they are to be called.

    Attributes:
        name: Of the dataset.
        sha256: Of the bytes.
        filename: What the file was called, if the client said so.
    """

    name: str
    sha256: str
    num_bytes: int
    filename: str | None


def add_known(database: Database, store: DatasetStore, upload: Upload) -> tuple[DatasetVersionRecord, bool] | None:
    """Make a version of bytes that are stored already, unless the dataset has one.

    Returns:
        The version, and whether it is new; None if the bytes are not stored.
    """
    with database.transaction() as session:
        datasets.lock_content(session, upload.sha256)
        described = datasets.describe_content(session, upload.sha256)
        if described is None or not store.holds(upload.sha256):
            return None
        return _add(session, upload, described)


def add_new(
    database: Database, store: DatasetStore, upload: Upload, incoming: IncomingDataset, described: DescriptionFile
) -> tuple[DatasetVersionRecord, bool]:
    """Put a synced folder in place and make a version of it, unless the dataset has one.

    Returns:
        The version, and whether it is new.
    """
    try:
        with database.transaction() as session:
            datasets.lock_content(session, upload.sha256)
            store.put(incoming, upload.sha256)
            return _add(session, upload, described)
    except BaseException:
        _remove_quietly(database, store, upload.sha256)
        raise


def remove_unused(database: Database, store: DatasetStore, hashes: Sequence[str]) -> int:
    """Delete the files of these hashes that no version has; returns of how many."""
    num_removed = 0
    for sha256 in hashes:
        with database.transaction() as session:
            # Under the lock a folder is renamed, which takes no time, and not deleted, which may.
            datasets.lock_content(session, sha256)
            taken = store.take_away(sha256) if datasets.unreferenced(session, [sha256]) else None
        if taken is not None:
            store.remove(taken)
            num_removed += 1
    return num_removed


def tidy(database: Database, store: DatasetStore, *, older_than_seconds: float) -> int:
    """Delete what cut-off uploads left, and files older than this that no version has; returns of how many."""
    num_removed = store.tidy()
    old = store.hashes_older_than(older_than_seconds)
    for start in range(0, len(old), HASHES_A_QUERY):
        with database.reading() as session:
            orphans = datasets.unreferenced(session, old[start : start + HASHES_A_QUERY])
        num_removed += remove_unused(database, store, orphans)
    return num_removed


def _add(session: Session, upload: Upload, described: DescriptionFile) -> tuple[DatasetVersionRecord, bool]:
    return datasets.add(
        session,
        name=upload.name,
        sha256=upload.sha256,
        num_bytes=upload.num_bytes,
        filename=upload.filename,
        described=described,
        summary=summarise(described.description),
    )


def _remove_quietly(database: Database, store: DatasetStore, sha256: str) -> None:
    try:
        remove_unused(database, store, [sha256])
    except TrainyardError:
        # The database that failed before may still be away. The files are tidied away with the next that are old.
        logger.info("The files of %s stay until they are tidied away.", sha256)
