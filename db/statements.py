"""Statements that SQLAlchemy has per database only: the clock, INSERT … ON CONFLICT."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, Dialect, Table, insert, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.functions import FunctionElement

from db.columns import MICROSECONDS_PER_SECOND, Timestamp


class _Now(FunctionElement[int]):
    type = BigInteger()
    inherit_cache = True
    name = "database_now"


@compiles(_Now, "postgresql")
def _on_postgresql(_element: _Now, _compiler: Any, **_options: Any) -> str:
    # Not now(): that is constant within a transaction, and a lease renewed late in a long one would be short.
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(_Now, "sqlite")
def _on_sqlite(_element: _Now, _compiler: Any, **_options: Any) -> str:
    # SQLite counts time in whole milliseconds; a Julian day as a double is off by less than half of one.
    return "(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000)"


def database_now(plus_seconds: float = 0.0) -> ColumnElement[datetime]:
    """Return the SQL expression of the database's current time, plus so many seconds.

    Only this clock decides leases: the clocks of workers may differ by minutes.

    The value is an aware datetime, of whole milliseconds on SQLite.
    """
    if not plus_seconds:
        return type_coerce(_Now(), Timestamp())
    return type_coerce(_Now() + round(plus_seconds * MICROSECONDS_PER_SECOND), Timestamp())


def insert_unless_there(session: Session, record: type[DeclarativeBase], values: dict[str, Any]) -> bool:
    """Insert a row unless its key exists; wait for a transaction that is inserting the same key.

    Returns:
        True if the row was inserted.
    """
    statement = _insert_unless_there(record, session.get_bind().dialect.name).values(values)
    return session.execute(statement).first() is not None


def replace(session: Session, record: type[DeclarativeBase], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, which all give the same columns; each replaces a row with its key."""
    if not rows:
        return
    insert_into = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert_into(record)
    key = [column.name for column in record.__mapper__.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.connection().execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def insert_all_unless_there(
    session: Session, record: type[DeclarativeBase], rows: Sequence[dict[str, Any]]
) -> set[tuple[Any, ...]]:
    """Insert several rows, each unless its key exists; wait for transactions that are inserting the same keys.

    Returns:
        The primary keys of the rows that were inserted.
    """
    if not rows:
        return set()
    statement = _insert_unless_there(record, session.get_bind().dialect.name)
    return {tuple(row) for row in session.connection().execute(statement, rows)}


def insert_rows(session: Session, record: type[DeclarativeBase], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, which give every column in the order of the table, at the least cost for each.

    SQLite's driver gets the rows from here: SQLAlchemy's own work for a row takes longer than SQLite's.
    """
    if not rows:
        return
    table = cast("Table", record.__table__)
    dialect = session.get_bind().dialect
    if dialect.name != "sqlite":
        names = [column.name for column in table.columns]
        session.connection().execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    statement, convert = _write_insert(table, dialect)
    columns = zip(*rows, strict=True)
    bound = (map(one, values) if one else values for one, values in zip(convert, columns, strict=True))
    session.connection().exec_driver_sql(statement, list(zip(*bound, strict=True)))


@lru_cache(maxsize=256)
def _write_insert(table: Table, dialect: Dialect) -> tuple[str, list[Callable[[Any], Any] | None]]:
    """Return the statement of SQLite that inserts a row, and what converts each of its parameters.

    They are in the order of the columns.
    """
    # Without the columns' defaults, which would stand in place of parameters.
    names = table.name, *(column.name for column in table.columns)
    quoted, *columns = map(dialect.identifier_preparer.quote, names)
    statement = f"INSERT INTO {quoted} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names of this package
    return statement, [column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns]


@lru_cache(maxsize=64)
def _insert_unless_there(record: type[DeclarativeBase], dialect: str) -> ReturningInsert[Any]:
    insert_into = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert_into(record).on_conflict_do_nothing().returning(*record.__mapper__.primary_key)
