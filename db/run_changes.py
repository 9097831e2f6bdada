"""Changes of the states of all runs, in an order that readers can continue from.

Triggers number the changes, in the transactions that make them. On SQLite, which has one writer at a time, a number is
also a place in the order of commits. On PostgreSQL a transaction may commit a lower number later, and a reader that
remembered the highest one would miss it. There a reader remembers the snapshot it has read (pg_current_snapshot),
and what is new is what that snapshot does not see (pg_visible_in_snapshot; PostgreSQL manual, section 9.28.7).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID
from zlib import crc32

from sqlalchemy import ColumnElement, Select, Text, cast, delete, false, func, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType

from core.errors import InvalidInput
from db.records.events import RunChangeRecord

MAX_CHANGES = 1_000
"""Most changes that are read at once; the reader comes back for the rest."""

KEPT_CHANGES = 100_000
"""Changes that `prune` leaves: a reader that has missed more begins anew."""

REMOVED = "removed"
"""State of the last change that was removed: readers that have not come this far have missed some."""

MAX_LENGTH = 4_000

SNAPSHOT = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:(?:[0-9]{1,19}(?:,[0-9]{1,19})*)?")


class _Xid8(UserDefinedType[str]):
    """Number of a transaction that does not wrap around, of PostgreSQL."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class _Snapshot(UserDefinedType[str]):
    """Snapshot, of PostgreSQL."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "pg_snapshot"


@dataclass(frozen=True, slots=True)
class RunChange:
    """A run has another state, or another attempt at it runs.

    Attributes:
        state: The new state, or `deleted`.
    """

    run_id: UUID
    experiment: str
    model_name: str
    state: str
    attempt: int
    is_cancelling: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeMark:
    """Place of a reader among the changes.

    Attributes:
        last_id: Number of the last change that was read.
        snapshot: PostgreSQL: everything that this snapshot sees was read.
        inner: PostgreSQL, in the middle of what was read at once: of what this snapshot sees, all changes up to
            `last_id` were read too.
    """

    last_id: int
    snapshot: str = ""
    inner: str = ""

    def write(self) -> str:
        """Return the id of the event that ends here."""
        body = f"{self.last_id}/{self.snapshot}/{self.inner}"
        return f"{body}/{crc32(body.encode()):08x}"

    @classmethod
    def read(cls, written: str) -> Self:
        """Read the id of an event.

        Raises:
            InvalidInput: If it is none.
        """
        body, _, checksum = written.rpartition("/")
        parts = body.split("/")
        is_whole = len(written) <= MAX_LENGTH and len(parts) == 3 and checksum == f"{crc32(body.encode()):08x}"  # noqa: PLR2004 - as written above
        if is_whole and re.fullmatch("[0-9]{1,18}", parts[0]) and all(map(_is_snapshot, parts[1:])):
            return cls(int(parts[0]), *parts[1:])
        raise InvalidInput.at(
            "",
            f"The last event id '{written[:80]}' is not one of these events. Send the id of the last event that was "
            "received, unchanged; or none, to begin with the present state.",
            "invalid_event_id",
        )


def read_mark(session: Session) -> ChangeMark:
    """Return the place after everything that the transaction of the session sees."""
    return ChangeMark(_read_newest(session), _read_snapshot(session))


def read_changes(session: Session, mark: ChangeMark) -> list[tuple[RunChange, ChangeMark]] | None:
    """Return the next changes after a place, each with the place after it; none if there are no more.

    Changes of one run come in the order in which they were made.

    Returns:
        None if changes after the place have been removed, or the database is one of an earlier time.
    """
    oldest = session.scalar(_changes().limit(1))
    has_missed = oldest is not None and oldest.state == REMOVED and oldest.id > mark.last_id
    if has_missed or mark.last_id > _read_newest(session):
        return None
    if session.get_bind().dialect.name == "sqlite":
        rows = session.scalars(_unread().where(RunChangeRecord.id > mark.last_id)).all()
        return [(_change(row), ChangeMark(row.id)) for row in rows]
    now = _read_snapshot(session)
    if _end_of(mark.snapshot) > _end_of(now):
        return None
    read: list[tuple[RunChange, ChangeMark]] = []
    if mark.inner:
        rest = (RunChangeRecord.id > mark.last_id, _is_seen(mark.inner), ~_is_seen(mark.snapshot))
        read = _mark(session.scalars(_unread().where(*_since(mark.snapshot), *rest)).all(), mark.snapshot, mark.inner)
        if len(read) == MAX_CHANGES:
            return read
        mark = ChangeMark(mark.last_id, mark.inner)
    rows = session.scalars(_unread().where(*_since(mark.snapshot), ~_is_seen(mark.snapshot))).all()
    return read + _mark(rows, mark.snapshot, now)


def prune(session: Session, keep: int = KEPT_CHANGES) -> int:
    """Remove all but the latest changes; return how many were removed. The last of those stays as a mark."""
    newest = session.scalar(select(func.max(RunChangeRecord.id)))
    if newest is None:
        return 0
    row = RunChangeRecord
    last = session.scalar(select(func.max(row.id)).where(row.id <= newest - keep, row.state != REMOVED))
    if last is None:
        return 0
    older = delete(row).where(row.id < last).returning(row.state).execution_options(synchronize_session=False)
    num_removed = sum(state != REMOVED for state in session.scalars(older))
    marked = update(row).where(row.id == last).values(state=REMOVED)
    session.execute(marked.execution_options(synchronize_session=False))
    return num_removed + 1


def _changes() -> Select[RunChangeRecord]:
    return select(RunChangeRecord).order_by(RunChangeRecord.id).limit(MAX_CHANGES)


def _unread() -> Select[RunChangeRecord]:
    return _changes().where(RunChangeRecord.state != REMOVED)


def _mark(rows: Sequence[RunChangeRecord], before: str, now: str) -> list[tuple[RunChange, ChangeMark]]:
    """Return changes that were read at once, with the place after each."""
    is_whole = len(rows) < MAX_CHANGES
    return [
        (
            _change(row),
            ChangeMark(row.id, now) if is_whole and row is rows[-1] else ChangeMark(row.id, before, now),
        )
        for row in rows
    ]


def _change(row: RunChangeRecord) -> RunChange:
    return RunChange(
        run_id=row.run_id,
        experiment=row.experiment,
        model_name=row.model_name,
        state=row.state,
        attempt=row.attempt,
        is_cancelling=row.is_cancelling,
        changed_at=row.changed_at,
    )


def _read_newest(session: Session) -> int:
    """Return the number of the latest change that was committed, or given out before, if all have been removed."""
    newest: int | None = session.scalar(select(func.max(RunChangeRecord.id)))
    if newest is not None:
        return newest
    if session.get_bind().dialect.name == "sqlite":
        given = text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'run_changes'")
    else:
        given = text("SELECT last_value FROM run_changes_id_seq WHERE is_called")
    return int(session.scalar(given) or 0)


def _read_snapshot(session: Session) -> str:
    if session.get_bind().dialect.name == "sqlite":
        return ""
    return str(session.scalar(select(cast(func.pg_current_snapshot(), Text))))


def _is_snapshot(written: str) -> bool:
    return not written or SNAPSHOT.fullmatch(written) is not None


def _since(snapshot: str) -> tuple[ColumnElement[bool], ...]:
    """What a snapshot does not see has at least this number of a transaction; an index finds it."""
    begin = snapshot.partition(":")[0]
    return (RunChangeRecord.transaction >= int(begin),) if begin else ()


def _is_seen(snapshot: str) -> ColumnElement[bool]:
    if not snapshot:
        return false()
    number = cast(cast(RunChangeRecord.transaction, Text), _Xid8())
    seen: ColumnElement[bool] = func.pg_visible_in_snapshot(number, cast(snapshot, _Snapshot()))
    return seen


def _end_of(snapshot: str) -> int:
    return int(snapshot.split(":")[1]) if snapshot else 0
