"""From the tree of a filter to an SQL condition with bound parameters, the same on SQLite and PostgreSQL.

SQL has three truth values and filters have two. So a negation is taken inwards, to the conditions, each of which is
written for both: one that holds, and one that does not hold, which a missing value fulfils.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Select,
    Text,
    and_,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.filters.tree import And, Condition, Kind, Not, Operator, Or, Tree, Value
from db.columns import Timestamp
from db.records.runs import RunRecord, RunWordRecord
from db.run_search import fields
from db.run_search.fields import Source
from db.run_search.indexing import LONGEST_TEXT, TABLES, hash_path

FEW = 10_000
"""Rows of a subquery up to which SQLite collects them before it reads the runs; see `_any_row`."""

MANY_WORDS = 50
"""Words with one beginning up to which they are looked up one by one."""

LAST_CHARACTER = "\U0010ffff"
"""Comes after every letter, so that a word and this one bound the words that begin so."""


class Conditions:
    """Writes conditions on runs for one database.

    Args:
        session: On the database; asked how many rows a condition finds.
        is_counting: True to count all runs, False to find the first ones.
    """

    def __init__(self, session: Session, *, is_counting: bool = False) -> None:
        self._session = session
        self._is_counting = is_counting
        self._is_sqlite = session.get_bind().dialect.name == "sqlite"

    def of_tree(self, tree: Tree, *, holds: bool = True) -> ColumnElement[bool]:
        """Return the condition that a filter holds, or does not hold, for a run."""
        match tree:
            case Not(part):
                return self.of_tree(part, holds=not holds)
            case And(parts):
                join = and_ if holds else or_
                return join(*(self.of_tree(part, holds=holds) for part in parts))
            case Or(parts):
                join = or_ if holds else and_
                return join(*(self.of_tree(part, holds=holds) for part in parts))
            case Condition():
                return self._of_condition(tree, holds=holds)

    def of_words(self, words: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a run has words with each of these beginnings."""
        return and_(*(self._of_word(start) for start in words))

    def _of_word(self, start: str) -> ColumnElement[bool]:
        word, run_id = RunWordRecord.word, RunWordRecord.run_id
        known = self._session.scalars(_words_from(start).limit(MANY_WORDS + 1)).all()
        if not known:
            return false()
        if len(known) <= MANY_WORDS:
            # Whole words can be looked up for a run as well.
            return self._any_row(run_id, (word.in_([literal(one, Text()) for one in known]),))
        begins_so = (word >= literal(start, Text()), word < literal(start + LAST_CHARACTER, Text()))
        return RunRecord.id.in_(select(run_id).where(*begins_so))

    def _of_condition(self, condition: Condition, *, holds: bool) -> ColumnElement[bool]:
        source = fields.find_source(condition.field, is_sqlite=self._is_sqlite)
        is_null = condition.operator is Operator.IS_NULL
        if source.run_id is not None:
            # A row of another table is the value.
            wanted = source.is_there if is_null else self._compare(condition, source)
            return self._any_row(source.run_id, (*source.rows, wanted), holds=holds is not is_null)
        if is_null:
            return not_(source.is_there) if holds else source.is_there
        rows = _indexed_rows(condition)
        if rows is not None and ((self._is_counting and holds) or self._are_few(rows)):
            return RunRecord.id.in_(rows) if holds else RunRecord.id.not_in(rows)
        compared = self._compare(condition, source)
        return compared if holds else not_(func.coalesce(compared, false()))

    def _any_row(
        self, run_id: Any, conditions: Sequence[ColumnElement[bool]], *, holds: bool = True
    ) -> ColumnElement[bool]:
        """Return the condition that a table has a row for the run that fulfils these conditions.

        PostgreSQL plans EXISTS as a join of either direction. SQLite looks it up for each run, which is quick if most
        runs fulfil it; rows that are few are quicker to collect first.
        """
        rows = select(run_id).where(*conditions)
        if self._is_sqlite and holds and (self._is_counting or self._are_few(rows)):
            return RunRecord.id.in_(rows)
        exists = rows.where(run_id == RunRecord.id).correlate(RunRecord).exists()
        return exists if holds else not_(exists)

    def _are_few(self, rows: Any) -> bool:
        some = rows.limit(FEW + 1).subquery()
        return (self._session.scalar(select(func.count()).select_from(some)) or 0) <= FEW

    def _compare(self, condition: Condition, source: Source) -> ColumnElement[bool]:
        """Return the comparison, which may be NULL where there is no value."""
        return or_(
            *(
                self._apply(condition.operator, source.values[kind], values)
                for kind, values in _group(condition).items()
            )
        )

    def _apply(self, operator: Operator, left: ColumnElement[Any], values: Sequence[Value]) -> ColumnElement[bool]:
        if operator is Operator.CONTAINS:
            # Letter by letter on both, where LIKE has patterns, and each database its rules for case.
            find = func.instr if self._is_sqlite else func.strpos
            return find(left, _bind(values[0], left)) > 0
        is_text = isinstance(values[0], str) and operator not in {Operator.EQUAL, Operator.IN}
        return _compare(operator, fields.order_texts(left, is_sqlite=self._is_sqlite) if is_text else left, values)


def _compare(operator: Operator, left: Any, values: Sequence[Value]) -> ColumnElement[bool]:
    right = [_bind(value, left) for value in values]
    match operator:
        case Operator.EQUAL:
            compared = left == right[0]
        case Operator.LESS:
            compared = left < right[0]
        case Operator.LESS_OR_EQUAL:
            compared = left <= right[0]
        case Operator.GREATER:
            compared = left > right[0]
        case Operator.GREATER_OR_EQUAL:
            compared = left >= right[0]
        case _:
            compared = left.in_(right)
    return cast("ColumnElement[bool]", compared)


def _group(condition: Condition) -> dict[type, list[Value]]:
    """Return values by the type of JSON that they are compared with; `object` for fields of one type."""
    groups: dict[type, list[Value]] = {}
    for value in condition.values:
        groups.setdefault(type(value) if condition.field.kind is Kind.JSON else object, []).append(value)
    return groups


def _indexed_rows(condition: Condition) -> Any:
    """Return a query of the ids of runs that fulfil a condition on a value of their specs; None if no table has it."""
    path = condition.field.path
    if condition.field.kind is not Kind.JSON or condition.operator is Operator.CONTAINS:
        return None
    queries = []
    for kind, values in _group(condition).items():
        table = TABLES.get(kind)
        is_cut = any(isinstance(value, str) and len(value) >= LONGEST_TEXT for value in values)
        if table is None or is_cut or not all(isinstance(step, str) for step in path):
            return None
        here = table.path == hash_path(tuple(map(str, path)))
        queries.append(select(table.run_id).where(here, _compare(condition.operator, table.value, values)))
    return queries[0] if len(queries) == 1 else union_all(*queries)


def _words_from(start: str) -> Select[tuple[str]]:
    """Return a query of the different words that begin so, in order: each is looked up from the one before."""
    word = RunWordRecord.word
    end = literal(start + LAST_CHARACTER, Text())
    least = select(func.min(word).label("word"))
    known = least.where(word >= literal(start, Text()), word < end).cte("known", recursive=True)
    following = least.where(word > known.c.word, word < end).scalar_subquery()
    known = known.union_all(select(following).where(known.c.word.is_not(None)))
    return select(known.c.word).where(known.c.word.is_not(None))


def _bind(value: Value, left: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value as a bound parameter.

    Numbers have the type of the value, not of the column: a column of whole numbers would round 1.5.
    """
    match value:
        case bool() | int():
            is_double = isinstance(left.type, Double)
            return literal(float(value), Double()) if is_double else literal(int(value), BigInteger())
        case float():
            return literal(value, Double())
        case datetime():
            return literal(value, Timestamp())
        case str():
            return literal(value, Text())
    return literal(value, left.type)
