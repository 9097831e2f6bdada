"""The database's clock. It alone decides leases: workers' clocks may disagree by minutes."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from db.columns import MICROSECONDS_PER_SECOND, Timestamp


class _Now(FunctionElement[int]):
    type = BigInteger()
    inherit_cache = True
    name = "database_now"


@compiles(_Now, "postgresql")
def _on_postgresql(_element: _Now, _compiler: Any, **_options: Any) -> str:
    # Not now(): that stands still within a transaction, and a lease renewed late in a long one would be short.
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(_Now, "sqlite")
def _on_sqlite(_element: _Now, _compiler: Any, **_options: Any) -> str:
    # SQLite counts time in whole milliseconds; a Julian day as a double is off by less than half of one.
    return "(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000)"


def database_now(plus_seconds: float = 0.0) -> ColumnElement[datetime]:
    """The present as the database sees it, or so many seconds later, for use in statements.

    Microseconds since 1970 below, whole milliseconds on SQLite; an aware datetime above.
    """
    if not plus_seconds:
        return type_coerce(_Now(), Timestamp())
    return type_coerce(_Now() + round(plus_seconds * MICROSECONDS_PER_SECOND), Timestamp())
