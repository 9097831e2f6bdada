"""Stored files and the rows that refer to them: removal of those that nothing refers to any more."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.artifacts import ArtifactStore
from core.errors import StorageUnavailable
from core.run_state import RunState
from db import artifacts
from db.job_tables import TABLES
from db.session import Database

logger = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600.0
"""A newer file may belong to a run that is just ending; a newer key to a client that still retries."""

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""Maximum difference between the clocks of machines."""


def remove_files(
    database: Database, store: ArtifactStore, hashes: Sequence[str], *, are_unique: bool = False
) -> list[str]:
    """Delete those files that nothing refers to, unless a running job may have stored them too.

    Args:
        database: Database of the rows.
        store: Store of the files.
        hashes: The sha256 of each file; the rows that referred to them are deleted and committed.
        are_unique: True for files of which no other job can store the same bytes.

    Returns:
        The sha256 of each file that was deleted.
    """
    if not hashes:
        return []
    deleted = []
    # The lock keeps an upload of the same bytes from being registered between the look and the deletion.
    with database.transaction() as session:
        artifacts.lock_files(session, hashes)
        oldest_start = _find_oldest_start(session)
        try:
            for sha256 in artifacts.unreferenced(session, hashes):
                if not are_unique and oldest_start is not None and _may_be_anothers(store, sha256, oldest_start):
                    logger.info("The file %s is kept: a running job may have stored the same file.", sha256)
                    continue
                store.delete(sha256)
                deleted.append(sha256)
        except StorageUnavailable as error:
            # The rows are gone, so that workers delete the files when they are a day old.
            logger.warning("Files of deleted rows stay for now. %s", error.detail)
    return deleted


def _find_oldest_start(session: Session) -> datetime | None:
    """Return the start of the running job that began first, of any kind; None if none is running."""
    starts = [
        session.scalar(select(func.min(table.record.started_at)).where(table.record.state == RunState.RUNNING))
        for table in TABLES
    ]
    return min((start for start in starts if start is not None), default=None)


def _may_be_anothers(store: ArtifactStore, sha256: str, oldest_start: datetime) -> bool:
    """Return True if a running job may have stored the same bytes without having recorded them yet.

    A job's files are stored before the transaction that records them, and equal jobs create equal files. Storing a
    file again updates its time, so a file that is older than all running jobs belongs to none of them.
    """
    found = store.find(sha256)
    return found is not None and found.stored_at >= oldest_start - CLOCK_DIFFERENCE
