"""Deletion of a run: its rows, then the files that nothing else refers to."""

from uuid import UUID

from api.artifacts.files import delete_unreferenced
from api.runs.schemas import DeletedRun, DeletedVersion
from api.service import Service
from core.run_state import RunState
from db import runs

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
    delete_unreferenced(service, unreferenced, [record.started_at for record in running])
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
