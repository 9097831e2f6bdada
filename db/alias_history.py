"""History of aliases: a row for each change, written with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from core.alias_targets import list_named, read_targets, write_targets
from core.served_models import ServedAlias
from db.cursors import Page, read_number, write_cursor
from db.records.registry import AliasChangeRecord, ModelVersionRecord

MAX_ID = 2**63 - 1

NUM_REPLAYED = 1000
"""Most changes that are looked through for the state to roll back to."""


class AliasAction(StrEnum):
    """Cause of a change of an alias."""

    SET = "set"
    ROLLED_BACK = "rolled_back"
    DELETED = "deleted"
    VERSION_DELETED = "version_deleted"
    """A version behind it was deleted by force."""


@dataclass(frozen=True, slots=True)
class AliasChange:
    """A change of an alias.

    Attributes:
        before: Versions behind it before; None if there was no such alias.
        after: Versions behind it after; None if there is no such alias any more.
        caller: Name of the API key; None without keys.
    """

    action: AliasAction
    before: ServedAlias | None
    after: ServedAlias | None
    caller: str | None
    changed_at: datetime


def record(
    session: Session,
    model_name: str,
    alias: str,
    action: AliasAction,
    *,
    before: ServedAlias | None,
    after: ServedAlias | None,
    caller: str | None,
) -> None:
    """Add a change to the history, in the transaction that makes it."""
    session.execute(
        insert(AliasChangeRecord).values(
            model_name=model_name,
            alias=alias,
            action=action,
            before=None if before is None else write_targets(before),
            after=None if after is None else write_targets(after),
            caller=caller,
        )
    )


def list_page(
    session: Session, model_name: str, alias: str, *, limit: int, cursor: str | None = None
) -> Page[AliasChange]:
    """Return a page of the changes of an alias, newest first; an empty one if it never changed.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    query = _newest_first(model_name, alias).limit(limit + 1)
    if cursor is not None:
        query = query.where(AliasChangeRecord.id < read_number(cursor, MAX_ID))
    records = list(session.scalars(query))
    shown = records[:limit]
    next_cursor = write_cursor(shown[-1].id) if len(records) > limit else None
    return Page(items=[_as_change(found) for found in shown], next_cursor=next_cursor)


def find_previous(session: Session, model_name: str, alias: str, current: ServedAlias | None) -> ServedAlias | None:
    """Return the versions to roll an alias back to; None if there are none.

    Changes that were rolled back already are passed over, as by the undo of an editor; so are times when the alias did
    not exist, and versions that have been deleted.

    Args:
        session: Session of a transaction.
        model_name: Name of the model.
        alias: The alias.
        current: Versions behind it now; None if it does not exist.
    """
    newest = session.scalars(_newest_first(model_name, alias).limit(NUM_REPLAYED))
    changes = [_as_change(found) for found in newest][::-1]
    if not changes:
        return None
    states = [changes[0].before]
    for change in changes:
        if change.action == AliasAction.ROLLED_BACK:
            # The changes that it took back count no longer.
            states = [*states[: _find_last(states[:-1], change.after)], change.after]
        else:
            states.append(change.after)
    if states[-1] == current:
        states.pop()
    known = _list_known(session, model_name)
    return next(
        (
            state
            for state in reversed(states)
            if state is not None and state != current and known.issuperset(list_named(state))
        ),
        None,
    )


def _find_last(states: list[ServedAlias | None], wanted: ServedAlias | None) -> int:
    """Return the position of the last equal state; 0 if there is none."""
    return next((place for place in range(len(states) - 1, -1, -1) if states[place] == wanted), 0)


def _list_known(session: Session, model_name: str) -> set[int]:
    query = select(ModelVersionRecord.version).where(ModelVersionRecord.model_name == model_name)
    return set(session.scalars(query))


def _newest_first(model_name: str, alias: str) -> Select[AliasChangeRecord]:
    here = (AliasChangeRecord.model_name == model_name, AliasChangeRecord.alias == alias)
    return select(AliasChangeRecord).where(*here).order_by(AliasChangeRecord.id.desc())


def _as_change(found: AliasChangeRecord) -> AliasChange:
    return AliasChange(
        action=AliasAction(found.action),
        before=None if found.before is None else read_targets(found.before),
        after=None if found.after is None else read_targets(found.after),
        caller=found.caller,
        changed_at=found.changed_at,
    )
