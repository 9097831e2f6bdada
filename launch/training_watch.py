"""Monitor of the launcher's worker: prints a line when it can no longer train, by its reports in the database."""

import socket
import threading
from collections.abc import Callable

from core.errors import DatabaseUnavailable
from core.settings import Settings
from core.workers import WorkerState
from db import workers
from db.session import Database

POLL_SECONDS = 1.0


class TrainingWatch:
    """Writes a line when no trainer of the worker can start, and another when one can again."""

    def __init__(
        self,
        settings: Settings,
        find_pid: Callable[[], int | None],
        write: Callable[[str], None],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """Create the thread; `start` begins to check.

        Args:
            settings: Settings that name the database.
            find_pid: Returns the process id of the worker, None while there is none.
            write: Called with each line.
            poll_seconds: Pause between checks.
        """
        self._database = Database(settings.effective_database_url)
        self._find_pid = find_pid
        self._write = write
        self._poll_seconds = poll_seconds
        self._is_broken = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="training-watch", daemon=True)

    def start(self) -> None:
        """Begin to check in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop checking, and close the connections to the database."""
        self._stopped.set()
        if not self._thread.is_alive():
            self._database.dispose()

    def check(self) -> None:
        """Read the worker's last report, and write a line if it can no longer train, or can again."""
        pid = self._find_pid()
        if pid is None:
            return
        try:
            with self._database.reading() as session:
                worker = workers.find(session, f"{socket.gethostname()}:{pid}")
        except DatabaseUnavailable:
            # API and worker report that themselves.
            return
        if worker is None:
            return
        is_broken = worker.health.state is WorkerState.BROKEN
        if is_broken and not self._is_broken:
            self._write(f"Runs cannot be trained: no trainer can start. {worker.health.error} The worker keeps trying.")
        if self._is_broken and worker.health.state is WorkerState.READY:
            self._write("A trainer has started: runs are trained again.")
        self._is_broken = is_broken

    def _run(self) -> None:
        while not self._stopped.wait(self._poll_seconds):
            self.check()
        self._database.dispose()
