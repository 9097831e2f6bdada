"""Changes of models, versions and aliases, made by any process, reported to this one as they are committed."""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.errors import DatabaseUnavailable
from db import sqlite_changes
from db.records.registry import RegistryChangeRecord
from db.session import Database

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 1.0
"""Pauses before an unavailable database is tried again; each is twice the one before."""

STOP_SECONDS = 2.0
"""Longest wait for the thread at the end. It checks ten times a second, unless it waits for an unresponsive server."""

KEPT_CHANGES = 10_000
"""Changes that `prune` leaves. A reader that has more to catch up with is told that everything may have changed."""

Names = frozenset[str] | None
"""Names of the models that have changed; None if every model may have changed."""


class RegistryWatch:
    """Thread that reports changes of the registry within a second of their commit.

    The first report is None: what was read before may be out of date. It comes once the thread follows the changes, so
    that none is missed in between. None also comes whenever changes may have been missed, as when the database was
    away, and every 30 seconds as a precaution. One change may be reported more than once.
    """

    def __init__(self, database: Database, on_change: Callable[[Names], None]) -> None:
        """Create the thread; `start` begins to watch.

        Args:
            database: Database of the registry; the thread opens a connection of its own.
            on_change: Called in the thread, with the names of the models or None. What it reads from the database when
                or after it is called includes the changes.
        """
        self._database = database
        self._on_change = on_change
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registry-watch", daemon=True)
        self._is_failing = False

    def start(self) -> None:
        """Begin to watch. An unavailable database is waited for."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; wait for the thread, but not for a server that does not answer."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        pause_seconds = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                with closing(_follow(self._database, self._stopped)) as reports:
                    for names in reports:
                        if self._stopped.is_set():
                            return
                        self._note_success()
                        self._on_change(names)
                        pause_seconds = FIRST_PAUSE_SECONDS
            except DatabaseUnavailable as error:
                self._note_failure(error)
            except Exception:
                # Without this thread the process would go on serving what it once read.
                logger.exception("Changes of the registry could not be followed, and are looked for again.")
            else:
                continue
            self._stopped.wait(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LAST_PAUSE_SECONDS)

    def _note_failure(self, error: DatabaseUnavailable) -> None:
        if not self._is_failing and not self._stopped.is_set():
            logger.warning("Changes of models are not noticed until the database answers. %s", error.detail)
        self._is_failing = True

    def _note_success(self) -> None:
        if self._is_failing:
            logger.warning("Changes of models are noticed again.")
        self._is_failing = False


def prune(session: Session, keep: int = KEPT_CHANGES) -> int:
    """Delete all but the latest changes; return how many were deleted. Only SQLite stores them."""
    newest = session.scalar(select(func.max(RegistryChangeRecord.id)))
    if newest is None:
        return 0
    number = RegistryChangeRecord.id
    return len(session.scalars(delete(RegistryChangeRecord).where(number <= newest - keep).returning(number)).all())


def _follow(database: Database, stopped: threading.Event) -> Generator[Names]:
    if database.is_sqlite:
        return sqlite_changes.follow(Path(str(database.url.database)), stopped)
    # Its driver takes 9 MB, for which a process on SQLite has no use.
    from db import postgresql_changes  # noqa: PLC0415

    return postgresql_changes.follow(database.url, stopped)
