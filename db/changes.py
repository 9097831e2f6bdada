"""Changes of models and runs, made by any process, reported to this one as they are committed."""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from core.errors import DatabaseUnavailable
from core.system.selectable_event import SelectableEvent
from db import sqlite_changes
from db.session import Database

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 1.0
"""Pauses before an unavailable database is tried again; each is twice the one before."""

STOP_SECONDS = 2.0
"""Longest wait for the thread at the end, which comes at once unless it waits for an unresponsive server."""

Names = frozenset[str] | None
"""Names of the models that have changed; None if every model may have changed."""

RunIds = frozenset[UUID] | None
"""Runs that have changed; None if every run may have changed."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since the report before."""

    models: Names = frozenset()
    runs: RunIds = frozenset()


EVERYTHING = Changes(None, None)


class ChangeWatch:
    """Thread that reports changes within a second of their commit. One follows all kinds, over one connection.

    The first report says that everything may have changed: what was read before may be out of date. It comes once the
    thread follows the changes, so that none is missed in between. The same is reported whenever changes may have been
    missed, as when the database was away, and every 30 seconds as a precaution. One change may be reported more than
    once.
    """

    def __init__(
        self,
        database: Database,
        *,
        on_models: Callable[[Names], None] | None = None,
        on_runs: Callable[[RunIds], None] | None = None,
    ) -> None:
        """Create the thread; `start` begins to watch.

        The functions are called in the thread. What they read from the database when or after they are called includes
        the changes.

        Args:
            database: The database; the thread opens a connection of its own.
            on_models: Called with the names of changed models.
            on_runs: Called with the ids of changed runs. SQLite does not say which: None after each commit.
        """
        self._database = database
        self._on_models = on_models
        self._on_runs = on_runs
        self._stopped = SelectableEvent()
        self._thread = threading.Thread(target=self._run, name="change-watch", daemon=True)
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
        with closing(self._stopped):
            self._watch()

    def _watch(self) -> None:
        pause_seconds = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                with closing(_follow(self._database, self._stopped)) as reports:
                    for changes in reports:
                        if self._stopped.is_set():
                            return
                        self._note_success()
                        self._report(changes)
                        pause_seconds = FIRST_PAUSE_SECONDS
            except DatabaseUnavailable as error:
                self._note_failure(error)
            except Exception:
                # Without this thread the process would go on serving what it once read.
                logger.exception("Changes could not be followed, and are looked for again.")
            else:
                continue
            self._stopped.wait(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LAST_PAUSE_SECONDS)

    def _report(self, changes: Changes) -> None:
        if self._on_models is not None and changes.models != frozenset():
            self._on_models(changes.models)
        if self._on_runs is not None and changes.runs != frozenset():
            self._on_runs(changes.runs)

    def _note_failure(self, error: DatabaseUnavailable) -> None:
        if not self._is_failing and not self._stopped.is_set():
            logger.warning("Changes of models and runs are not noticed until the database answers. %s", error.detail)
        self._is_failing = True

    def _note_success(self) -> None:
        if self._is_failing:
            logger.warning("Changes of models and runs are noticed again.")
        self._is_failing = False


def _follow(database: Database, stopped: SelectableEvent) -> Generator[Changes]:
    if database.is_sqlite:
        for names in sqlite_changes.follow(Path(str(database.url.database)), stopped):
            yield Changes(names, None)
        return
    # Its driver takes 9 MB, for which a process on SQLite has no use.
    from db import postgresql_changes  # noqa: PLC0415

    for notices in postgresql_changes.follow(database.url, stopped):
        yield EVERYTHING if notices is None else _read_notices(notices)


def _read_notices(notices: dict[str, set[str]]) -> Changes:
    from db.postgresql_changes import MODELS_CHANNEL, RUNS_CHANNEL  # noqa: PLC0415 - as above

    return Changes(
        models=frozenset(notices.get(MODELS_CHANNEL, ())), runs=frozenset(map(UUID, notices.get(RUNS_CHANNEL, ())))
    )
