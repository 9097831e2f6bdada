"""Pages of the runs that a search finds."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.filters.reading import read_filter, read_order
from core.filters.tree import Tree
from core.filters.words import split_words
from core.run_state import RunState
from db.columns import EPOCH
from db.cursors import bad_cursor, read_cursor, write_cursor
from db.documents import NOT_STORABLE
from db.records.runs import RunRecord
from db.run_search.conditions import Conditions
from db.run_search.orders import Part, split_list
from db.statements import database_now

NEWEST_FIRST = "-created_at"

FAR_FUTURE = (datetime(9999, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)

INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Search:
    """What is sought, as a client writes it.

    Attributes:
        filter: In the language of core/filters.
        find: Words; a run has words that begin with each of them, in its names, tags or notes.
        sort: Field to sort by.
        states: States of the runs; empty for all.
        experiment: Their experiment.
        model: The model that they train.
    """

    filter: str | None = None
    find: str | None = None
    sort: str = NEWEST_FIRST
    states: Collection[RunState] = field(default=())
    experiment: str | None = None
    model: str | None = None

    def fingerprint(self) -> str:
        """Return a hash of everything that decides about the list, for its cursors."""
        parts = [self.filter, self.find, self.sort, sorted(set(self.states)), self.experiment, self.model]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Found:
    """Runs of a page.

    Attributes:
        ids: Their ids, in their order.
        next_cursor: Cursor of the next page; None on the last.
        total: Number of runs on all pages; None unless asked for.
    """

    ids: list[UUID]
    next_cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """The last run of a page: the part of the list it is in, its value and its id."""

    part: int
    value: Any
    run_id: UUID


def find_page(
    session: Session, search: Search, *, limit: int, cursor: str | None = None, is_counted: bool = False
) -> Found:
    """Return the runs of a page.

    Relative times in the filter count from the first page on, so that all pages are of one list. Runs created meanwhile
    shift nothing. A run whose value changes while pages are read can be missed or come twice, if it is sorted by it.

    Args:
        session: On the database.
        search: What is sought.
        limit: Most runs on the page.
        cursor: Of the previous page.
        is_counted: True to count the runs on all pages.

    Raises:
        InvalidFilter: If the filter or the order has a mistake.
        InvalidInput: If the cursor is invalid, or of another search.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    order = read_order(search.sort)
    parts = split_list(order, is_sqlite=is_sqlite)
    now, place = _begin(session) if cursor is None else _read(cursor, search, parts)
    conditions = _write_conditions(session, search, now)
    found: list[tuple[int, Any]] = []
    for number, part in enumerate(parts):
        if place is not None and number < place.part:
            continue
        query = part.sorted(is_falling=order.is_falling).where(*conditions).limit(limit + 1 - len(found))
        if place is not None and number == place.part:
            query = query.where(part.after(place.value, place.run_id, is_falling=order.is_falling))
        found += [(number, row) for row in session.execute(query)]
        if len(found) > limit:
            break
    shown = found[:limit]
    return Found(
        ids=[row[0] for _, row in shown],
        next_cursor=_write(search, now, *shown[-1]) if len(found) > limit else None,
        total=_count(session, search, now) if is_counted else None,
    )


def _begin(session: Session) -> tuple[datetime, None]:
    return session.scalars(select(database_now())).one(), None


def _write_conditions(session: Session, search: Search, now: datetime, *, is_counting: bool = False) -> list[Any]:
    writer = Conditions(session, is_counting=is_counting)
    conditions: list[Any] = []
    if search.states:
        conditions.append(RunRecord.state.in_(search.states))
    if search.experiment is not None:
        conditions.append(RunRecord.experiment == search.experiment)
    if search.model is not None:
        conditions.append(RunRecord.model_name == search.model)
    if search.find is not None:
        conditions.append(writer.of_words(_read_words(search.find)))
    if search.filter is not None:
        tree: Tree = read_filter(search.filter, now)
        conditions.append(writer.of_tree(tree))
    return conditions


def _read_words(find: str) -> list[str]:
    words = sorted(split_words([find]))
    if not words:
        detail = f"find has no letters and no digits: '{find[:80]}'. Write the beginnings of words."
        raise InvalidInput.at("", detail, "no_words")
    return words


def _count(session: Session, search: Search, now: datetime) -> int:
    conditions = _write_conditions(session, search, now, is_counting=True)
    query = select(func.count()).select_from(RunRecord).where(*conditions)
    return session.scalars(query).one()


def _write(search: Search, now: datetime, part: int, row: Any) -> str:
    value = row[1] if len(row) > 1 else None
    return write_cursor(search.fingerprint(), (now - EPOCH) // timedelta(microseconds=1), part, value, row[0].hex)


def _read(cursor: str, search: Search, parts: list[Part]) -> tuple[datetime, _Place]:
    anything = (int, float, str, type(None))
    fingerprint, microseconds, number, value, digits = read_cursor(cursor, str, int, int, anything, str)
    if fingerprint != search.fingerprint():
        detail = (
            "The cursor is of a list with another filter, sort, find, state, experiment or model. "
            "Send what the first page was asked for with, unchanged, or no cursor to begin anew."
        )
        raise InvalidInput.at("", detail, "cursor_of_another_list")
    is_made_up = not 0 <= number < len(parts) or type(value) not in parts[number].kinds or value != value  # noqa: PLR0124
    if is_made_up or not 0 <= microseconds < FAR_FUTURE or (isinstance(value, int) and not -INT64 <= value < INT64):
        raise bad_cursor(cursor)
    if isinstance(value, str) and NOT_STORABLE.search(value):
        raise bad_cursor(cursor)
    try:
        run_id = UUID(digits)
    except ValueError as error:
        raise bad_cursor(cursor) from error
    return EPOCH + timedelta(microseconds=microseconds), _Place(number, value, run_id)
