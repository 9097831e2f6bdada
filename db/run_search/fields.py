"""Where the values of each field of a run are: columns of runs, rows of other tables, parts of JSON documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Integer,
    Numeric,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    type_coerce,
)

from core.filters.tree import Field
from db.columns import MICROSECONDS_PER_SECOND, Json
from db.records.metrics import MetricSeriesRecord
from db.records.runs import RunRecord, RunTagRecord
from db.run_search.indexing import LARGEST_NUMBER

COLUMNS: Mapping[str, Any] = {
    "id": RunRecord.id,
    "state": RunRecord.state,
    "experiment": RunRecord.experiment,
    "model": RunRecord.model_name,
    "preset": RunRecord.preset,
    "notes": RunRecord.notes,
    "submitted_by": RunRecord.submitted_by,
    "device": RunRecord.device,
    "source_run_id": RunRecord.source_run_id,
    "priority": RunRecord.priority,
    "attempt": RunRecord.attempt,
    "max_attempts": RunRecord.max_attempts,
    "created_at": RunRecord.created_at,
    "queued_at": RunRecord.queued_at,
    "started_at": RunRecord.started_at,
    "ended_at": RunRecord.ended_at,
    "updated_at": RunRecord.updated_at,
    "model_version": RunRecord.model_version,
}
"""Columns of runs by the names of their fields."""


@dataclass(frozen=True, slots=True)
class Source:
    """Expressions of a field's values.

    Attributes:
        values: Values by type, NULL where the value is of another type: of JSON `float`, `str` and `bool`; of other
            kinds one, under `object`.
        is_there: Condition that there is a value, which is never NULL.
        run_id: Column with the id of the run, in the table that has a row for each value; None if runs have them.
        rows: Conditions of the rows of this field in that table.
    """

    values: Mapping[type, Any]
    is_there: ColumnElement[bool]
    run_id: Any = None
    rows: tuple[ColumnElement[bool], ...] = ()


def find_source(field: Field, *, is_sqlite: bool) -> Source:
    """Return where the values of a field are."""
    match field.name:
        case "tags":
            tag = RunTagRecord
            rows = (tag.name == literal(field.path[0], tag.name.type),)
            return Source({object: tag.value}, tag.value.is_not(None), tag.run_id, rows)
        case "metrics":
            series = MetricSeriesRecord
            number = getattr(series, str(field.path[1]))
            rows = (series.key == str(field.path[0]),)
            return Source({object: number}, number.is_not(None), series.run_id, rows)
        case "spec":
            return _spec_source(field, is_sqlite=is_sqlite)
        case "error":
            text = _read_text(RunRecord.error, (field.path[0],), is_sqlite=is_sqlite)
            return Source({object: text}, text.is_not(None))
        case "duration_seconds":
            ended, started = (type_coerce(time, BigInteger) for time in (RunRecord.ended_at, RunRecord.started_at))
            seconds = cast(ended - started, Double) / literal(float(MICROSECONDS_PER_SECOND), Double)
            return Source({object: seconds}, seconds.is_not(None))
    column = COLUMNS[field.name]
    return Source({object: column}, column.is_not(None))


def order_texts(expression: ColumnElement[Any], *, is_sqlite: bool) -> ColumnElement[Any]:
    """Return a text whose comparisons follow code points, as SQLite's do."""
    return expression if is_sqlite else expression.collate("C")


def _spec_source(field: Field, *, is_sqlite: bool) -> Source:
    """Return the values at a path of the spec; each cast is guarded by the type, since a failing one is an error."""
    if is_sqlite:
        path = _sqlite_path(field.path)
        kind: ColumnElement[Any] = func.json_type(RunRecord.spec, path)
        value: ColumnElement[Any] = func.json_extract(RunRecord.spec, path)
        number = case((kind.in_(("integer", "real")), cast(value, Double)))
        # JSON's booleans are extracted as 1 and 0.
        boolean = case((kind.in_(("true", "false")), value))
        text = case((kind == "text", value))
    else:
        part = _postgresql_part(RunRecord.spec, field.path)
        kind, value = func.jsonb_typeof(part), _unquote(part)
        exact = cast(value, Numeric)
        number = case((and_(kind == "number", _fits_double(kind, exact)), cast(exact, Double)))
        boolean = case((kind == "boolean", cast(cast(value, Boolean), Integer)))
        text = case((kind == "string", value))
    values = {float: number, str: type_coerce(text, Text), bool: type_coerce(boolean, Integer)}
    return Source(values, func.coalesce(kind, "null") != "null")


def _fits_double(kind: ColumnElement[Any], exact: ColumnElement[Any]) -> ColumnElement[bool]:
    return case((kind == "number", func.abs(exact) <= literal(Decimal(LARGEST_NUMBER), Numeric)), else_=false())


def _read_text(document: Any, path: tuple[str | int, ...], *, is_sqlite: bool) -> ColumnElement[Any]:
    """Return the text at a path of a JSON column; NULL if there is none."""
    if is_sqlite:
        return type_coerce(func.json_extract(document, _sqlite_path(path)), Text)
    return type_coerce(_unquote(_postgresql_part(document, path)), Text)


def _sqlite_path(path: tuple[str | int, ...]) -> str:
    # core.filters allows no name with a quote in it.
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in path)


def _postgresql_part(document: Any, path: tuple[str | int, ...]) -> ColumnElement[Any]:
    # By a number, -> finds an item of a list and nothing in an object; by a text the reverse.
    part: ColumnElement[Any] = type_coerce(document, Json)
    for step in path:
        part = part.op("->", return_type=Json)(literal(step, Integer if isinstance(step, int) else Text))
    return part


def _unquote(part: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a scalar of JSON as text."""
    return part.op("#>>", return_type=Text())(literal_column("'{}'"))
