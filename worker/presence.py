"""Report of a worker's health to the database, every few seconds and at every change."""

import logging
import os
import socket
import threading
from collections.abc import Callable

from core.errors import DatabaseUnavailable
from core.workers import WorkerHealth
from db import workers
from db.session import Database

logger = logging.getLogger("trainyard.worker")

REPORT_SECONDS = 5.0
"""Well under db.workers.SILENT_SECONDS, after which the worker no longer counts as live."""
RETRY_SECONDS = 1.0


def worker_name() -> str:
    """Return the name of this worker: its host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Presence:
    """Reports the health of this worker from a thread of its own, until the worker drains."""

    def __init__(self, database: Database, measure: Callable[[], WorkerHealth], name: str | None = None) -> None:
        """Create the thread; `start` begins to report.

        Args:
            database: Database that stores the reports.
            measure: Returns the current health of the trainers.
            name: Name of the worker; by default that of this process.
        """
        self._database = database
        self._measure = measure
        self._name = name or worker_name()
        self._is_due = threading.Event()
        self._is_leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def report_soon(self) -> None:
        """Request a report now, because the health has changed. Returns at once."""
        self._is_due.set()

    def leave(self) -> None:
        """Request the removal of the worker from the database: it takes no more runs. Returns at once."""
        self._is_leaving.set()
        self._is_due.set()

    def stop(self) -> None:
        """Leave, and wait until the worker is removed."""
        self.leave()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = 0.0
        while not self._is_leaving.is_set():
            self._is_due.wait(pause)
            self._is_due.clear()
            if not self._is_leaving.is_set():
                pause = REPORT_SECONDS if self._write(self._report) else RETRY_SECONDS
        self._write(self._sign_off)

    def _report(self) -> None:
        with self._database.transaction() as session:
            workers.report(session, self._name, socket.gethostname(), self._measure())

    def _sign_off(self) -> None:
        with self._database.transaction() as session:
            workers.sign_off(session, self._name)

    def _write(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except DatabaseUnavailable as error:
            logger.warning("The worker cannot report its health: %s", error.detail)
            return False
        except Exception:
            # If this thread ended, a healthy worker would count as gone.
            logger.exception("The worker cannot report its health, and tries again.")
            return False
        return True
