"""Uploaded datasets, rows and files together: no row is without its files; files without a row are deleted later."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import TrainyardError
from core.quotas import NO_LIMITS, Limits
from core.uploads.description import DescriptionFile, summarise
from core.uploads.folder import DatasetFolder, content_key
from core.uploads.reading import NO_OPTIONS, ReadingOptions
from core.uploads.store import DatasetStore
from db import datasets
from db.records.datasets import DatasetVersionRecord
from db.session import Database

logger = logging.getLogger(__name__)

KEYS_A_QUERY = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """Received bytes and the dataset that they are for.

    Attributes:
        name: Name of the dataset.
        sha256: Hash of the bytes.
        filename: Name of the client's file, if given.
        options: Options to read them with.
        submitted_by: Name of the API key; None without keys.
        limits: Limits of submitters without their own.
    """

    name: str
    sha256: str
    num_bytes: int
    filename: str | None
    options: ReadingOptions = NO_OPTIONS
    submitted_by: str | None = None
    limits: Limits = NO_LIMITS

    @property
    def key(self) -> str:
        """Name of their folder in the store."""
        return content_key(self.sha256, self.options.digest)


def add_known(database: Database, store: DatasetStore, upload: Upload) -> tuple[DatasetVersionRecord, bool] | None:
    """Register bytes that are stored already as a version, unless the dataset has one with the same bytes.

    Returns:
        The version, and True if it is new; None if the bytes are not stored.
    """
    with database.transaction() as session:
        datasets.lock_content(session, upload.sha256)
        described = datasets.describe_content(session, upload.sha256, upload.options.digest)
        if described is None or not store.holds(upload.key):
            return None
        return _add(session, upload, described)


def add_new(
    database: Database, store: DatasetStore, upload: Upload, folder: DatasetFolder, described: DescriptionFile
) -> tuple[DatasetVersionRecord, bool]:
    """Put a synced folder into the store and register it as a version, unless the dataset has one with the same bytes.

    Returns:
        The version, and True if it is new.
    """
    # Before the transaction, which others would have to wait for.
    sent = store.send(folder, upload.key)
    try:
        with database.transaction() as session:
            datasets.lock_content(session, upload.sha256)
            store.put(sent)
            return _add(session, upload, described)
    except BaseException:
        _remove_quietly(database, store, upload.key)
        raise


def remove_unused(database: Database, store: DatasetStore, keys: Sequence[str]) -> int:
    """Delete the folders of those keys that no version has; return the number of folders deleted.

    Raises:
        StorageUnavailable: If a store that is elsewhere does not answer; `tidy` deletes the rest once it is old.
    """
    num_removed = 0
    for key in keys:
        with database.transaction() as session:
            # The lock is held for taking it away, which is quick, and not for the deletion, which may be slow.
            datasets.lock_content(session, key)
            delete_files = store.take_away(key) if datasets.unreferenced(session, [key]) else None
        if delete_files is not None:
            delete_files()
            num_removed += 1
    return num_removed


def tidy(database: Database, store: DatasetStore, *, older_than_seconds: float) -> int:
    """Delete leftovers of interrupted uploads, and files older than this that no version has; return the number."""
    num_removed = store.tidy() + store.remove_unfinished(older_than_seconds=older_than_seconds)
    old = store.keys_older_than(older_than_seconds)
    for start in range(0, len(old), KEYS_A_QUERY):
        with database.reading() as session:
            orphans = datasets.unreferenced(session, old[start : start + KEYS_A_QUERY])
        num_removed += remove_unused(database, store, orphans)
    return num_removed


def _add(session: Session, upload: Upload, described: DescriptionFile) -> tuple[DatasetVersionRecord, bool]:
    return datasets.add(
        session,
        name=upload.name,
        sha256=upload.sha256,
        num_bytes=upload.num_bytes,
        filename=upload.filename,
        reading=upload.options.digest,
        submitted_by=upload.submitted_by,
        limits=upload.limits,
        described=described,
        summary=summarise(described.description),
    )


def _remove_quietly(database: Database, store: DatasetStore, key: str) -> None:
    try:
        remove_unused(database, store, [key])
    except TrainyardError:
        # The database may still be unavailable. `tidy` deletes the files once they are old.
        logger.info("The files of %s stay until the next clean-up.", key)
