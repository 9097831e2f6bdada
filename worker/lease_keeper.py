"""Renewal of an attempt's lease while its supervisor waits for the artifact store."""

import logging
import threading
from types import TracebackType
from typing import Self
from uuid import UUID

from core.errors import AttemptFenced, DatabaseUnavailable
from core.settings import Settings
from db.claims import renew_lease
from db.session import Database

logger = logging.getLogger("trainyard.worker")


class LeaseKeeper:
    """Context in which the lease is renewed by a thread of its own: a slow store costs no attempt.

    Within it nothing else may renew the lease for longer than a moment. A lease that is lost is found out by the next
    write.

    Args:
        database: Database of the run.
        settings: Interval of heartbeats, and the duration of the lease.
        run_id: The run.
        attempt: Number of the attempt.
    """

    def __init__(self, database: Database, settings: Settings, run_id: UUID, attempt: int) -> None:
        self._database = database
        self._settings = settings
        self._place = (run_id, attempt)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(self._settings.heartbeat_seconds):
            try:
                with self._database.transaction() as session:
                    renew_lease(session, *self._place, self._settings.lease_seconds)
            except DatabaseUnavailable as error:
                logger.warning("Run %s: no heartbeat: %s", self._place[0], error.detail)
            except AttemptFenced:
                return
