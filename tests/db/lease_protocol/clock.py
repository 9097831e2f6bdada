"""A clock of the database that tests set: every statement that asks for the time gets this one's."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from db.columns import EPOCH
from db.session import Database
from db.statements import _Now

EXPRESSIONS = tuple(str(_Now().compile(dialect=module.dialect())) for module in (sqlite, postgresql))
"""The clock of each database, as db/statements.py writes it."""


class Clock:
    """Stands still until a test sets it forward. Triggers, whose times decide nothing, keep the real one."""

    def __init__(self, database: Database) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        event.listen(database.engine, "before_cursor_execute", self._set_time, retval=True)

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _set_time(self, _connection, _cursor, statement, parameters, *_):
        microseconds = (self.now - EPOCH) // timedelta(microseconds=1)
        for expression in EXPRESSIONS:
            statement = statement.replace(expression, f"CAST({microseconds} AS BIGINT)")
        return statement, parameters
