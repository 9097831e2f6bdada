"""Alembic environment: runs on the connection that db/upgrade.py passes, or on the database of the settings."""

from alembic import context
from sqlalchemy import Connection

from core.settings import load_settings
from db.records.schema import METADATA
from db.session import Database
from db.upgrade import VERSION_TABLE


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        compare_type=True,
        # SQLite alters little in place; batch mode copies the table where needed.
        render_as_batch=connection.dialect.name == "sqlite",
        # db/session.py makes SQLite begin real transactions, so schema changes are atomic.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


passed: Connection | None = context.config.attributes.get("connection")
if passed is not None:
    _run(passed)
else:
    database = Database(load_settings().effective_database_url)
    with database.engine.begin() as opened:
        _run(opened)
    database.dispose()
