"""Deletion of model versions, and of models with all their versions. Runs stay."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from core.errors import VersionServed
from db import aliases, artifacts, batch_predictions, model_versions
from db.model_versions import ModelVersion
from db.records.registry import AliasChangeRecord, ModelRecord, ModelVersionRecord
from db.records.runs import RunRecord
from db.statements import database_now
from db.unknown_models import as_stored, unknown_model

NUM_NAMED = 10
"""Most aliases that an error names."""


@dataclass(frozen=True, slots=True)
class DeletedVersion:
    """A version that was deleted, and what went with it.

    Attributes:
        version: The version as it was.
        deleted_aliases: Aliases that were deleted, because no other version answers for them.
        changed_aliases: Aliases that go on with the other versions of their split, or without their shadow.
        newest_version: Newest version that is left of the model; None if none is.
        files: The sha256 of each of its files that nothing refers to any more, sorted.
    """

    version: ModelVersion
    deleted_aliases: tuple[str, ...]
    changed_aliases: tuple[str, ...]
    newest_version: int | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeletedModel:
    """A model that was deleted, and what went with it.

    Attributes:
        versions: Its versions as they were, newest first.
        aliases: Aliases that were deleted.
        files: The sha256 of each file that nothing refers to any more, sorted.
    """

    versions: tuple[ModelVersion, ...]
    aliases: tuple[str, ...]
    files: tuple[str, ...]


def take_out_of_service(
    session: Session, version: ModelVersion, *, force: bool, remedy: str, caller: str | None
) -> tuple[list[str], list[str]]:
    """Take a version, which is about to be deleted, out of its aliases; the model is locked already.

    Args:
        session: Session of a transaction.
        version: The version.
        force: True to change or delete its aliases; otherwise there may be none.
        remedy: End of the error's last sentence: what to delete with ?force=true.
        caller: Name of the API key, for the history.

    Returns:
        Names of the aliases that were deleted, and of those that go on without the version.

    Raises:
        VersionServed: If an alias points to it, or has it as its shadow, unless forced.
        Conflict: If a batch prediction uses it.
    """
    if (version.aliases or version.shadowed) and not force:
        raise VersionServed(_describe_served(version, remedy))
    batch_predictions.check_version_unused(session, version.model_name, version.version)
    return aliases.remove_version(session, version, caller=caller)


def delete_version(
    session: Session, model_name: str, version: int, *, force: bool = False, caller: str | None = None
) -> DeletedVersion:
    """Delete a version of a model; the run that trained it stays with its files.

    Args:
        session: Session of a transaction.
        model_name: Name of the model.
        version: Number of the version.
        force: True to take it out of its aliases too.
        caller: Name of the API key, for the history.

    Raises:
        UnknownModel: If there is no such model or version.
        VersionServed: If an alias points to it, or has it as its shadow, unless forced.
    """
    is_deleted = (ModelVersionRecord.model_name == model_name) & (ModelVersionRecord.version == as_stored(version))
    _lock(session, model_name, is_deleted)
    found = model_versions.get_version(session, model_name, version)
    remedy = "delete the version with ?force=true"
    deleted, changed = take_out_of_service(session, found, force=force, remedy=remedy, caller=caller)
    _delete_rows(session, is_deleted)
    return DeletedVersion(
        version=found,
        deleted_aliases=tuple(deleted),
        changed_aliases=tuple(changed),
        newest_version=model_versions.find_newest(session, model_name),
        files=tuple(artifacts.unreferenced(session, found.files.values())),
    )


def delete_model(session: Session, model_name: str, *, force: bool = False) -> DeletedModel:
    """Delete a model with its versions and the history of its aliases; the runs that trained it stay with their files.

    Numbers of versions are not given again if the name is used again.

    Args:
        session: Session of a transaction.
        model_name: Name of the model.
        force: True to delete its aliases too.

    Raises:
        UnknownModel: If there is no such model.
        VersionServed: If it has an alias, unless forced.
        Conflict: If a batch prediction uses one of its versions.
    """
    are_deleted = ModelVersionRecord.model_name == model_name
    _lock(session, model_name, are_deleted)
    versions = model_versions.list_versions(session, model_name)
    if not versions:
        raise unknown_model(session, model_name)
    names = sorted({alias for version in versions for alias in (*version.aliases, *version.shadowed)})
    if names and not force:
        shown = ", ".join(f"'{name}'" for name in names[:NUM_NAMED]) + (", …" if len(names) > NUM_NAMED else "")
        raise VersionServed(
            f"Model '{model_name}' has {'the alias' if len(names) == 1 else 'the aliases'} {shown}. Delete "
            f"{'it' if len(names) == 1 else 'them'} (/v1/registry/models/{model_name}/aliases/{names[0]}), or delete "
            "the model with ?force=true."
        )
    batch_predictions.check_version_unused(session, model_name)
    # Foreign keys delete aliases with their versions.
    _delete_rows(session, are_deleted)
    session.execute(delete(AliasChangeRecord).where(AliasChangeRecord.model_name == model_name))
    session.execute(update(ModelRecord).where(ModelRecord.name == model_name).values(is_unloaded=False))
    hashes = {sha256 for version in versions for sha256 in version.files.values()}
    return DeletedModel(
        versions=tuple(versions), aliases=tuple(names), files=tuple(artifacts.unreferenced(session, hashes))
    )


def _lock(session: Session, model_name: str, are_deleted: ColumnElement[bool]) -> None:
    """Lock the runs of versions, then their model, then the versions: in the order of a transaction that ends a run."""
    trained = select(ModelVersionRecord.run_id).where(are_deleted)
    session.execute(
        select(RunRecord.id).where(RunRecord.id.in_(trained)).order_by(RunRecord.id).with_for_update(of=RunRecord)
    )
    model_versions.lock_model(session, model_name)
    model_versions.lock_versions(session, are_deleted)


def _delete_rows(session: Session, are_deleted: ColumnElement[bool]) -> None:
    """Delete versions, and with them what foreign keys say; their runs no longer name one."""
    trained = select(ModelVersionRecord.run_id).where(are_deleted)
    without = {"model_version": None, "updated_at": database_now(), "revision": RunRecord.revision + 1}
    for statement in (
        update(RunRecord).where(RunRecord.id.in_(trained)).values(without),
        delete(ModelVersionRecord).where(are_deleted),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _describe_served(version: ModelVersion, remedy: str) -> str:
    names = sorted({*version.aliases, *version.shadowed})
    shown = ", ".join(f"'{name}'" for name in names[:NUM_NAMED]) + (", …" if len(names) > NUM_NAMED else "")
    which, them = (f"alias {shown} points", "it") if len(names) == 1 else (f"aliases {shown} point", "them")
    return (
        f"The {which} to version {version.version} of model '{version.model_name}'. Set {them} to another version or "
        f"delete {them} (/v1/registry/models/{version.model_name}/aliases/{names[0]}), or {remedy}, which takes it out "
        f"of {them}."
    )
