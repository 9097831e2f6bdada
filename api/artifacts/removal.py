"""Removal of stored files that nothing refers to any more, at once and not only by the workers' housekeeping."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from api.service import Service
from core.run_state import RunState
from db import artifacts, batch_predictions, runs
from db.records.batch_predictions import BatchPredictionRecord
from db.records.runs import RunRecord

logger = logging.getLogger(__name__)

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""Maximum difference between the clocks of machines."""

MAX_RUNNING_SEEN = 1000


def remove_files(service: Service, hashes: Sequence[str]) -> int:
    """Delete those files that no run and no model version refers to, unless a running job may have stored them too.

    Args:
        service: The service.
        hashes: The sha256 of each file; the rows that referred to them are deleted and committed.

    Returns:
        The number of files deleted.
    """
    if not hashes:
        return 0
    # The lock keeps an upload of the same bytes from being registered between the look and the deletion.
    with service.database.transaction() as session:
        artifacts.lock_files(session, hashes)
        unreferenced = artifacts.unreferenced(session, hashes)
        running: list[RunRecord | BatchPredictionRecord] = [
            *runs.list_page(session, states=[RunState.RUNNING], limit=MAX_RUNNING_SEEN).items,
            *batch_predictions.list_page(session, states=[RunState.RUNNING], limit=MAX_RUNNING_SEEN).items,
        ]
        oldest_start = min((record.started_at for record in running if record.started_at is not None), default=None)
        num_deleted = 0
        for sha256 in unreferenced:
            if oldest_start is not None and _may_be_anothers(service, sha256, oldest_start):
                logger.info("The file %s is kept: a running job may have stored the same file.", sha256)
                continue
            service.artifact_store.delete(sha256)
            num_deleted += 1
    return num_deleted


def _may_be_anothers(service: Service, sha256: str, oldest_start: datetime) -> bool:
    """Return True if a running job may have stored the same bytes without having recorded them yet.

    A job's files are stored before the transaction that records them, and equal jobs create equal files. Storing a
    file again updates its time, so a file that is older than all running jobs belongs to none of them.
    """
    try:
        stored = service.artifact_store.path(sha256).stat().st_mtime
    except FileNotFoundError:
        return False
    return datetime.fromtimestamp(stored, UTC) >= oldest_start - CLOCK_DIFFERENCE
