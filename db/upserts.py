"""INSERT … ON CONFLICT, which both databases know and SQLAlchemy spells once for each."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session


def insert_unless_there(session: Session, record: type[DeclarativeBase], values: dict[str, Any]) -> bool:
    """Insert a row unless its key is taken; one that another transaction is inserting is waited for.

    Returns:
        Whether the row was inserted.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(record).values(values).on_conflict_do_nothing().returning(*record.__mapper__.primary_key)
    return session.execute(statement).first() is not None
