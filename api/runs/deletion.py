"""Deletion of a run: its rows, then the files that nothing else refers to."""

from uuid import UUID

from api.artifacts.removal import remove_files
from api.runs.schemas import DeletedRun, DeletedVersion
from api.service import Service
from db import runs


def delete_run(service: Service, run_id: UUID, *, force: bool = False, caller: str | None = None) -> DeletedRun:
    """Delete an ended run, and its files unless another run or an uploaded version has the same.

    Args:
        service: The service.
        run_id: The run.
        force: True to take its model version out of its aliases too.
        caller: Name of the API key, for the history of the aliases.

    Raises:
        UnknownRun: If there is none.
        Conflict: If it has not ended, or aliases point to its model version.
    """
    with service.database.transaction() as session:
        deletion = runs.delete(session, run_id, force=force, caller=caller)
    if deletion.version is not None:
        service.models.refresh_now(deletion.version.model_name)
    remove_files(service, deletion.files)
    version = deletion.version
    if version is None:
        return DeletedRun(id=run_id, model_version=None)
    deleted = DeletedVersion(
        name=version.model_name,
        version=version.version,
        aliases=list(deletion.deleted_aliases),
        changed_aliases=list(deletion.changed_aliases),
        newest_version=deletion.newest_version,
    )
    return DeletedRun(id=run_id, model_version=deleted)
