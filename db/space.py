"""Free space within the database's file, given back to the disk.

PostgreSQL's autovacuum makes the space of deleted rows available to new ones by itself. SQLite keeps free pages for new
rows too, and gives them back only when asked, in files that were made for it: those of this version and later ones.
"""

import time

from db.session import Database

INCREMENTAL = 2
"""Value of SQLite's `auto_vacuum` in files that can shrink (https://sqlite.org/pragma.html#pragma_auto_vacuum)."""

PAGES_A_STEP = 2000
"""8 MB, which are moved in some hundredths of a second; other writers wait as long."""


def release(database: Database, *, max_seconds: float) -> int:
    """Give free pages of a SQLite file back to the disk, in short steps; return the number of pages.

    The file shrinks at the next checkpoint of its write-ahead log, which SQLite makes by itself.
    """
    if not database.is_sqlite:
        return 0
    deadline = time.monotonic() + max_seconds
    num_released = 0
    while time.monotonic() < deadline:
        with database.transaction() as session:
            connection = session.connection()
            if connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() != INCREMENTAL:
                return 0
            before = int(connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0)
            if not before:
                break
            # The driver's own cursor: the statement goes on with each row that is fetched, and its rows are empty.
            connection.connection.cursor().execute(f"PRAGMA incremental_vacuum({PAGES_A_STEP})").fetchall()
            num_released += before - int(connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0)
    return num_released
