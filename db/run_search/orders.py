"""The order of a list of runs, in parts that follow each other: values of one type each, then runs without a value.

Each part is a query of its own, which an index can answer from its place on; no part has to compare with NULL.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Select,
    Text,
    cast,
    func,
    literal,
    not_,
    select,
    tuple_,
    type_coerce,
)

from core.filters.tree import Field, Kind, Order
from db.records.runs import RunRecord
from db.run_search import fields
from db.run_search.fields import Source
from db.run_search.indexing import LONGEST_TEXT, TABLES, hash_path


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list.

    Attributes:
        query: Selects the id of each run of the part, and its value.
        value: What the runs are ordered by, before their ids; None if the ids alone decide.
        run_id: Column of the id, in the table whose index has the order.
        kinds: Types of the values.
    """

    query: Select[Any]
    run_id: Any
    value: ColumnElement[Any] | None = None
    kinds: tuple[type, ...] = (type(None),)

    def after(self, value: Any, run_id: UUID, *, is_falling: bool) -> ColumnElement[bool]:
        """Return the condition of the runs that come after a place in the part."""
        last = literal(run_id, RunRecord.id.type)
        compared: ColumnElement[bool]
        if self.value is None:
            compared = self.run_id < last if is_falling else self.run_id > last
            return compared
        columns, place = tuple_(self.value, self.run_id), tuple_(literal(value, self.value.type), last)
        compared = columns < place if is_falling else columns > place
        return compared

    def sorted(self, *, is_falling: bool) -> Select[Any]:
        """Return the query in its order."""
        keys = [self.run_id] if self.value is None else [self.value, self.run_id]
        return self.query.order_by(*(key.desc() if is_falling else key.asc() for key in keys))


def split_list(order: Order, *, is_sqlite: bool) -> list[Part]:
    """Return the parts of a list in their order: of JSON numbers, texts, booleans, then all that cannot be compared."""
    field = order.field
    if field.name == "id":
        return [Part(select(RunRecord.id), RunRecord.id)]
    source = fields.find_source(field, is_sqlite=is_sqlite)
    if source.run_id is not None:
        (value,) = source.values.values()
        return _parts_of_rows(source, _comparable(field, value, is_sqlite=is_sqlite))
    if field.name == "spec" and all(isinstance(step, str) for step in field.path):
        return _parts_of_spec(field, source)
    values = [_comparable(field, value, is_sqlite=is_sqlite) for value in source.values.values()]
    if not _may_be_missing(field):
        return [_part(values[0])]
    return [
        *(_part(value, value.is_not(None)) for value in values),
        Part(select(RunRecord.id).where(*(value.is_(None) for value in values)), RunRecord.id),
    ]


def _part(value: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Part:
    return Part(select(RunRecord.id, value).where(*conditions), RunRecord.id, value, _kinds_of(value))


def _parts_of_rows(source: Source, value: ColumnElement[Any]) -> list[Part]:
    there = (*source.rows, source.is_there)
    rows = select(source.run_id, value).join(RunRecord, RunRecord.id == source.run_id).where(*there)
    exists = select(source.run_id).where(*there, source.run_id == RunRecord.id).correlate(RunRecord).exists()
    return [
        Part(rows, source.run_id, value, _kinds_of(value)),
        Part(select(RunRecord.id).where(not_(exists)), RunRecord.id),
    ]


def _parts_of_spec(field: Field, source: Source) -> list[Part]:
    """Return the parts of a field of specs: numbers and texts from their tables, the rest from the specs."""
    path = hash_path(tuple(map(str, field.path)))
    parts = []
    for table in TABLES.values():
        rows: Select[Any] = select(table.run_id, table.value).join(RunRecord, RunRecord.id == table.run_id)
        parts.append(Part(rows.where(table.path == path), table.run_id, table.value, _kinds_of(table.value)))
    boolean = source.values[bool]
    others = (value.is_(None) for value in source.values.values())
    return [*parts, _part(boolean, boolean.is_not(None)), Part(select(RunRecord.id).where(*others), RunRecord.id)]


def _comparable(field: Field, value: ColumnElement[Any], *, is_sqlite: bool) -> ColumnElement[Any]:
    """Return a value as a number or a text that a cursor can hold, and that every database orders alike."""
    match field.kind:
        case Kind.TIME:
            return type_coerce(value, BigInteger)
        case Kind.ID:
            value = type_coerce(value, Text) if is_sqlite else cast(value, Text)
        case Kind.WORD | Kind.TEXT:
            value = type_coerce(value, Text)
        case Kind.JSON if isinstance(value.type, Text):
            value = type_coerce(func.substr(value, 1, LONGEST_TEXT), Text)
        case _:
            return value
    return fields.order_texts(value, is_sqlite=is_sqlite)


def _kinds_of(value: ColumnElement[Any]) -> tuple[type, ...]:
    if isinstance(value.type, Text):
        return (str,)
    return (float,) if isinstance(value.type, Double) else (int,)


def _may_be_missing(field: Field) -> bool:
    column = fields.COLUMNS.get(field.name)
    return column is None or bool(column.expression.nullable)
