"""Deletion of a run: its rows, then the files that nothing refers to any more."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.prediction.loading import model_key
from api.service import Service
from core.run_state import RunState
from db import artifacts, runs

logger = logging.getLogger(__name__)

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""By how much the clocks of the machines may differ."""

MAX_RUNNING_SEEN = 1000


def delete_run(service: Service, run_id: UUID) -> None:
    """Forget an ended run, and remove its files unless another run has the same.

    Raises:
        UnknownRun: If there is none.
        Conflict: If it has not ended.
    """
    with service.database.transaction() as session:
        key = model_key({artifact.name: artifact for artifact in artifacts.list_for_run(session, run_id)})
        unreferenced = runs.delete(session, run_id)
        running = runs.list_page(session, states=[RunState.RUNNING], limit=MAX_RUNNING_SEEN).items
    if key is not None and key[0] in unreferenced:
        service.model_pool.evict(key)
    started = [record.started_at for record in running if record.started_at is not None]
    oldest_start = min(started, default=None)
    for sha256 in unreferenced:
        if oldest_start is not None and _may_be_anothers(service, sha256, oldest_start):
            logger.info("The file %s of run %s stays: a running run may have stored the same.", sha256, run_id)
        else:
            service.artifact_store.delete(sha256)


def _may_be_anothers(service: Service, sha256: str, oldest_start: datetime) -> bool:
    """Return whether a run under way may have stored the same bytes, and has yet to say so.

    A run's files are stored before the transaction that names them, and equal runs leave equal files. Storing a file
    again makes it new, so a file that is older than every run under way is none of theirs.
    """
    try:
        stored = service.artifact_store.path(sha256).stat().st_mtime
    except FileNotFoundError:
        return False
    return datetime.fromtimestamp(stored, UTC) >= oldest_start - CLOCK_DIFFERENCE
