"""Deletion of a run: its rows, then the files that nothing else refers to."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.runs.schemas import DeletedRun, DeletedVersion
from api.service import Service
from core.run_state import RunState
from db import runs

logger = logging.getLogger(__name__)

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""Maximum difference between the clocks of machines."""

MAX_RUNNING_SEEN = 1000


def delete_run(service: Service, run_id: UUID, *, force: bool = False) -> DeletedRun:
    """Delete an ended run, and its files unless another run has the same.

    Args:
        service: The service.
        run_id: The run.
        force: True to delete the aliases of its model version too.

    Raises:
        UnknownRun: If there is none.
        Conflict: If it has not ended, or aliases point to its model version.
    """
    with service.database.transaction() as session:
        deletion = runs.delete(session, run_id, force=force)
        running = runs.list_page(session, states=[RunState.RUNNING], limit=MAX_RUNNING_SEEN).items
    unreferenced = deletion.files
    if deletion.version is not None:
        service.models.refresh_now(deletion.version.model_name)
    started = [record.started_at for record in running if record.started_at is not None]
    oldest_start = min(started, default=None)
    for sha256 in unreferenced:
        if oldest_start is not None and _may_be_anothers(service, sha256, oldest_start):
            logger.info("The file %s of run %s is kept: a running run may have stored the same file.", sha256, run_id)
        else:
            service.artifact_store.delete(sha256)
    version = deletion.version
    if version is None:
        return DeletedRun(id=run_id, model_version=None)
    deleted = DeletedVersion(
        name=version.model_name,
        version=version.version,
        aliases=list(version.aliases),
        newest_version=deletion.newest_version,
    )
    return DeletedRun(id=run_id, model_version=deleted)


def _may_be_anothers(service: Service, sha256: str, oldest_start: datetime) -> bool:
    """Return True if a running run may have stored the same bytes without having recorded them yet.

    A run's files are stored before the transaction that records them, and equal runs create equal files. Storing a
    file again updates its time, so a file that is older than all running runs belongs to none of them.
    """
    try:
        stored = service.artifact_store.path(sha256).stat().st_mtime
    except FileNotFoundError:
        return False
    return datetime.fromtimestamp(stored, UTC) >= oldest_start - CLOCK_DIFFERENCE
