"""Queries of the aliases of models. Each change is one transaction with its row in the history."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.alias_targets import leave_out, list_named, make_targets
from core.errors import NothingBefore
from core.served_models import ServedAlias
from db import alias_history, alias_targets
from db.alias_history import AliasAction
from db.cursors import Page, read_cursor, write_cursor
from db.model_versions import ModelVersion, find_newest, lock_model
from db.records.registry import AliasRecord, ModelVersionRecord
from db.statements import database_now, insert_unless_there
from db.unknown_models import as_stored, unknown_alias, unknown_model, unknown_version


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias of a model.

    Attributes:
        targets: Versions behind it.
        revision: Number of its changes since it was created.
    """

    model_name: str
    name: str
    targets: ServedAlias
    revision: int
    updated_at: datetime


def find_alias(session: Session, model_name: str, alias: str) -> Alias | None:
    """Return one alias; None if there is none."""
    record = session.get(AliasRecord, (model_name, alias), populate_existing=True)
    if record is None:
        return None
    return Alias(
        model_name=model_name,
        name=alias,
        targets=alias_targets.load_one(session, model_name, alias, record.version),
        revision=record.revision,
        updated_at=record.updated_at,
    )


def get_alias(session: Session, model_name: str, alias: str) -> Alias:
    """Return one alias.

    Raises:
        UnknownModel: If there is none; names the nearest.
    """
    found = find_alias(session, model_name, alias)
    if found is None:
        raise unknown_alias(session, model_name, alias)
    return found


def list_page(session: Session, model_name: str, *, limit: int, cursor: str | None = None) -> Page[Alias]:
    """Return a page of the aliases of a model, by name.

    Raises:
        UnknownModel: If the model has no version; names the nearest that has.
        InvalidInput: If the cursor is invalid.
    """
    if find_newest(session, model_name) is None:
        raise unknown_model(session, model_name)
    query = select(AliasRecord).where(AliasRecord.model_name == model_name).order_by(AliasRecord.alias)
    if cursor is not None:
        query = query.where(AliasRecord.alias > read_cursor(cursor, str)[0])
    records = list(session.scalars(query.limit(limit + 1)))
    targets = alias_targets.load(session, [model_name])
    items = [
        Alias(model_name, record.alias, targets[model_name, record.alias], record.revision, record.updated_at)
        for record in records[:limit]
    ]
    return Page(items=items, next_cursor=write_cursor(items[-1].name) if len(records) > limit else None)


def set_alias(
    session: Session,
    model_name: str,
    alias: str,
    wanted: int | ServedAlias,
    *,
    caller: str | None = None,
    action: AliasAction = AliasAction.SET,
) -> Alias:
    """Set an alias to a version or several, moving it if it exists.

    Args:
        session: Session of a transaction.
        model_name: Name of the model.
        alias: The alias.
        wanted: Number of a version, or the targets.
        caller: Name of the API key, for the history.
        action: Cause of the change, for the history.

    Raises:
        UnknownModel: If there is no such model or version; names those that exist.
    """
    targets = make_targets({wanted: 1}) if isinstance(wanted, int) else wanted
    lock_model(session, model_name)
    for version in list_named(targets):
        # Locked, so that older code cannot delete the version before the alias points to it.
        here = (ModelVersionRecord.model_name == model_name, ModelVersionRecord.version == as_stored(version))
        locked = select(ModelVersionRecord.version).where(*here).with_for_update(read=True, key_share=True)
        if session.scalar(locked) is None:
            raise unknown_version(session, model_name, version)
    before = find_alias(session, model_name, alias)
    _write(session, model_name, alias, targets)
    if before is None or before.targets != targets:
        alias_history.record(
            session,
            model_name,
            alias,
            action,
            before=None if before is None else before.targets,
            after=targets,
            caller=caller,
        )
    return get_alias(session, model_name, alias)


def roll_back(session: Session, model_name: str, alias: str, *, caller: str | None = None) -> Alias:
    """Return an alias, which may have been deleted, to the versions that it had before its last change.

    A second call returns it to those before that, and so on. Versions that have been deleted are passed over.

    Raises:
        UnknownModel: If there is no such model, or never was such an alias.
        NothingBefore: If it had no earlier versions that are still there.
    """
    lock_model(session, model_name)
    current = find_alias(session, model_name, alias)
    previous = alias_history.find_previous(session, model_name, alias, None if current is None else current.targets)
    if previous is not None:
        return set_alias(session, model_name, alias, previous, caller=caller, action=AliasAction.ROLLED_BACK)
    if current is None:
        raise unknown_alias(session, model_name, alias)
    raise NothingBefore(
        f"The alias '{alias}' of model '{model_name}' had no earlier version that is still there. "
        "Set it to a version with PUT, or DELETE it."
    )


def delete_alias(session: Session, model_name: str, alias: str, *, caller: str | None = None) -> None:
    """Delete an alias.

    Raises:
        UnknownModel: If there is none; names the nearest.
    """
    lock_model(session, model_name)
    found = get_alias(session, model_name, alias)
    _remove(session, found, AliasAction.DELETED, caller)


def remove_version(session: Session, version: ModelVersion, *, caller: str | None) -> tuple[list[str], list[str]]:
    """Take a version, which is about to be deleted, out of every alias; the model is locked already.

    Returns:
        Names of the aliases that were deleted, because no other version answers for them; names of those that go on
        with the other versions of their split, or without their shadow.
    """
    deleted, changed = [], []
    for name in sorted({*version.aliases, *version.shadowed}):
        found = get_alias(session, version.model_name, name)
        rest = leave_out(found.targets, version.version)
        if rest is None:
            deleted.append(name)
            _remove(session, found, AliasAction.VERSION_DELETED, caller)
            continue
        changed.append(name)
        _write(session, version.model_name, name, rest)
        alias_history.record(
            session,
            version.model_name,
            name,
            AliasAction.VERSION_DELETED,
            before=found.targets,
            after=rest,
            caller=caller,
        )
    return deleted, changed


def _write(session: Session, model_name: str, alias: str, targets: ServedAlias) -> None:
    """Insert or update the rows of an alias."""
    values = {"model_name": model_name, "alias": alias, "version": targets.version, "updated_at": database_now()}
    if not insert_unless_there(session, AliasRecord, values):
        moved = {"version": targets.version, "updated_at": database_now(), "revision": AliasRecord.revision + 1}
        this = (AliasRecord.model_name == model_name, AliasRecord.alias == alias)
        session.execute(update(AliasRecord).where(*this).values(moved).execution_options(synchronize_session=False))
    alias_targets.replace(session, model_name, alias, targets)


def _remove(session: Session, alias: Alias, action: AliasAction, caller: str | None) -> None:
    """Delete the rows of an alias."""
    here = (AliasRecord.model_name == alias.model_name, AliasRecord.alias == alias.name)
    session.execute(delete(AliasRecord).where(*here))
    alias_history.record(session, alias.model_name, alias.name, action, before=alias.targets, after=None, caller=caller)
