"""Deletion of model versions and models: their rows, then the files that nothing else refers to."""

from api.artifacts.removal import remove_files
from api.registry.schemas import DeletedModel, DeletedModelVersion
from api.service import Service
from db import version_deletion


def delete_version(
    service: Service, model_name: str, version: int, *, force: bool, caller: str | None
) -> DeletedModelVersion:
    """Delete a version of a model; the run that trained it stays with its files.

    Raises:
        UnknownModel: If there is no such model or version.
        VersionServed: If aliases point to it, unless forced.
    """
    with service.database.transaction() as session:
        deletion = version_deletion.delete_version(session, model_name, version, force=force, caller=caller)
    service.models.refresh_now(model_name)
    return DeletedModelVersion(
        model=model_name,
        version=deletion.version.version,
        kept_run=deletion.version.run_id,
        deleted_aliases=list(deletion.deleted_aliases),
        changed_aliases=list(deletion.changed_aliases),
        newest_version=deletion.newest_version,
        num_deleted_files=remove_files(service, deletion.files),
    )


def delete_model(service: Service, model_name: str, *, force: bool) -> DeletedModel:
    """Delete a model with all its versions; the runs that trained them stay with their files.

    Raises:
        UnknownModel: If there is no such model.
        VersionServed: If it has aliases, unless forced.
    """
    with service.database.transaction() as session:
        deletion = version_deletion.delete_model(session, model_name, force=force)
    service.models.refresh_now(model_name)
    return DeletedModel(
        model=model_name,
        versions=[version.version for version in deletion.versions],
        kept_runs=[version.run_id for version in deletion.versions if version.run_id is not None],
        deleted_aliases=list(deletion.aliases),
        num_deleted_files=remove_files(service, deletion.files),
    )
