"""The thread that reads events, once for all listeners of a process."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from uuid import UUID

from api.live.listeners import Listener
from api.live.logs import LogReader
from api.live.sources import AllRuns, OneRun, Part, Position, Source, describe_running
from api.live.wire import Sent, encode
from core.errors import DatabaseUnavailable
from core.run_positions import RunPosition
from db import run_events
from db.changes import RunIds
from db.run_changes import ChangeMark
from db.running_runs import RunningRun
from db.session import Database, ReadingSession

logger = logging.getLogger(__name__)

SHORTEST_PAUSE_SECONDS = 0.02
"""Pause after each look: changes that come together are read together."""

LOG_SECONDS = 0.25
"""Interval of looking at the sizes of logs that are followed. No change of the database tells of them."""

PROGRESS_SECONDS = 1.0
"""Shortest time between two events of progress, where all runs are listened to."""

LONGEST_PAUSE_SECONDS = 30.0

RETRY_SECONDS = 0.5

STOP_SECONDS = 2.0


@dataclass(slots=True)
class Head:
    """The place that all listeners of a source have come to.

    Attributes:
        num_listeners: Those that follow it, or are about to.
        revision: Revision of the run when it was last read.
        is_due: True if there is more to read.
        progress_at: Time from which progress of all runs is told again; 0 while there is none.
        told_at: Time at which it was told last.
        revisions: Revisions of the running runs whose progress was told.
    """

    position: Position | None = None
    num_listeners: int = 0
    revision: int = -1
    is_due: bool = False
    progress_at: float = 0.0
    told_at: float = 0.0
    revisions: dict[UUID, int] = field(default_factory=dict)


@dataclass(slots=True)
class News:
    """Result of reading in one look.

    Attributes:
        parts: Events for those that follow a source.
        revisions: Revisions of the runs that were looked at.
        running: The running runs, where their progress is to be told.
    """

    parts: dict[Source, Part] = field(default_factory=dict)
    revisions: dict[UUID, int] = field(default_factory=dict)
    running: dict[AllRuns, list[RunningRun]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Findings of one look, to be given to listeners in this order.

    Attributes:
        news: Events for those that follow a source.
        arrivals: Events for those that arrive, and whether they follow their source from now on.
        is_broken: True if nothing could be read for a reason that will not pass: all are sent away.
    """

    news: list[tuple[Source, list[Sent]]] = field(default_factory=list)
    arrivals: list[tuple[Listener, list[Sent], bool]] = field(default_factory=list)
    is_broken: bool = False


class EventReader:
    """Reads what has changed, encodes it once, and hands it on.

    Args:
        database: The database.
        logs: Reads logs.
        deliver: Called in the thread with what was found.
    """

    def __init__(self, database: Database, logs: LogReader, deliver: Callable[[Batch], None]) -> None:
        self._database = database
        self._logs = logs
        self._deliver = deliver
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._moves: SimpleQueue[tuple[bool, Listener]] = SimpleQueue()
        self._lock = threading.Lock()
        self._changed: set[UUID] | None = set()
        self._heads: dict[Source, Head] = {}
        self._arriving: list[Listener] = []
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="run-events", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading; wait for the thread, but not for a server that does not answer."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def note(self, run_ids: RunIds) -> None:
        """Look at runs that have changed; None for any."""
        with self._lock:
            if run_ids is None:
                self._changed = None
            elif self._changed is not None:
                self._changed |= run_ids
        self._wake.set()

    def arrive(self, listener: Listener) -> None:
        """Read for one more listener."""
        self._moves.put((True, listener))
        self._wake.set()

    def leave(self, listener: Listener) -> None:
        """Read for a listener no more."""
        self._moves.put((False, listener))
        self._wake.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(self._pause_seconds())
            self._wake.clear()
            if self._stopped.is_set():
                return
            try:
                self._look()
                self._note_success()
            except DatabaseUnavailable as error:
                self._note_failure(error)
            except Exception:
                # Listeners come back, to this process or another; what is wrong with one source may not be so then.
                logger.exception("Events could not be read. All listeners are sent away.")
                self._heads.clear()
                self._arriving.clear()
                self._deliver(Batch(is_broken=True))
            self._stopped.wait(SHORTEST_PAUSE_SECONDS)

    def _pause_seconds(self) -> float:
        if any(head.is_due for head in self._heads.values()) or self._arriving:
            return 0.0
        pause = LONGEST_PAUSE_SECONDS
        if any(isinstance(source, OneRun) and source.with_log for source in self._heads):
            pause = LOG_SECONDS
        waits = [head.progress_at - time.monotonic() for head in self._heads.values() if head.progress_at]
        return max(min(pause, *waits), 0.0) if waits else pause

    def _look(self) -> None:
        """Read what is new in one transaction: at its moment, all listeners of a source have come to one place."""
        self._take_moves()
        with self._lock:
            changed, self._changed = self._changed, set()
        for source, head in self._heads.items():
            if isinstance(source, AllRuns):
                if changed is None or changed:
                    head.is_due = True
                    # Now, or a second after progress was told last.
                    head.progress_at = head.progress_at or max(time.monotonic(), head.told_at + PROGRESS_SECONDS)
            elif changed is None or source.run_id in changed or self._has_grown(source, head):
                head.is_due = True
        if not self._arriving and not any(head.is_due or _is_progress_due(head) for head in self._heads.values()):
            return
        self._logs.begin()
        try:
            with self._database.reading() as session:
                news = self._read_news(session)
                arrivals = self._read_arrivals(session)
        except DatabaseUnavailable:
            self.note(None if changed is None else frozenset(changed))
            raise
        self._hand_on(news, arrivals)

    def _take_moves(self) -> None:
        while True:
            try:
                is_arriving, listener = self._moves.get_nowait()
            except Empty:
                return
            head = self._heads.get(listener.source)
            if is_arriving:
                head = head or self._heads.setdefault(listener.source, Head())
                head.num_listeners += 1
                self._arriving.append(listener)
                continue
            if listener in self._arriving:
                self._arriving.remove(listener)
            if head is not None:
                head.num_listeners -= 1
                if not head.num_listeners:
                    del self._heads[listener.source]

    def _has_grown(self, source: OneRun, head: Head) -> bool:
        return (
            source.with_log
            and isinstance(head.position, RunPosition)
            and self._logs.has_grown(source.run_id, head.position)
        )

    def _read_news(self, session: ReadingSession) -> News:
        """Read what is new for those that follow a source; and for sources that somebody arrives at, in any case."""
        news = News()
        awaited = {listener.source for listener in self._arriving}
        wanted = {source: head for source, head in self._heads.items() if head.is_due or source in awaited}
        run_ids = [source.run_id for source in wanted if isinstance(source, OneRun)]
        news.revisions = run_events.read_revisions(session, run_ids) if run_ids else {}
        for source, head in wanted.items():
            if isinstance(source, AllRuns):
                if isinstance(head.position, ChangeMark):
                    news.parts[source] = source.read(session, head.position)
            elif isinstance(head.position, RunPosition) and (
                source in awaited or news.revisions.get(source.run_id) != head.revision or self._has_grown(source, head)
            ):
                news.parts[source] = source.read(session, head.position, self._logs)
        for source, head in self._heads.items():
            if isinstance(source, AllRuns) and _is_progress_due(head):
                news.running[source] = source.list_running(session)
        return news

    def _read_arrivals(self, session: ReadingSession) -> list[tuple[Listener, Part]]:
        """Read what those that arrive have not been told; for all of one place once."""
        found: dict[tuple[Source, str], Part] = {}
        arrivals = []
        for listener in self._arriving:
            source, position = listener.source, listener.position
            key = (source, repr(position))
            if key not in found:
                if isinstance(source, AllRuns):
                    mark = position if isinstance(position, ChangeMark) else None
                    found[key] = source.read(session, mark)
                else:
                    place = position if isinstance(position, RunPosition) else None
                    found[key] = source.read(session, place, self._logs)
            arrivals.append((listener, found[key]))
        return arrivals

    def _hand_on(self, news: News, arrivals: list[tuple[Listener, Part]]) -> None:
        batch = Batch()
        for source, head in self._heads.items():
            part = news.parts.get(source)
            head.is_due = part is not None and part.has_more
            if isinstance(source, OneRun) and source.run_id in news.revisions:
                head.revision = news.revisions[source.run_id]
            if part is not None:
                head.position = part.position
                batch.news.append((source, part.sent))
            if source in news.running:
                batch.news.append((source, _tell_progress(head, news.running[source])))
        self._arriving = []
        for listener, part in arrivals:
            head = self._heads[listener.source]
            if head.position is None:
                head.position, head.is_due = part.position, part.has_more
                follows = True
            else:
                # A listener from an earlier place follows once it has been told everything up to that of the others.
                follows = not part.has_more and (part.position == head.position or not part.sent)
            listener.position = part.position
            if not follows and not part.is_over:
                self._arriving.append(listener)
            batch.arrivals.append((listener, part.sent, follows))
        self._deliver(batch)

    def _note_failure(self, error: DatabaseUnavailable) -> None:
        if not self._is_failing:
            logger.warning("Listeners hear nothing new until the database answers. %s", error.detail)
        self._is_failing = True
        self._stopped.wait(RETRY_SECONDS)

    def _note_success(self) -> None:
        if self._is_failing:
            logger.warning("Listeners hear what is new again.")
        self._is_failing = False


def _is_progress_due(head: Head) -> bool:
    return 0.0 < head.progress_at <= time.monotonic()


def _tell_progress(head: Head, running: list[RunningRun]) -> list[Sent]:
    """Return the progress of runs that have some since it was told last."""
    before, head.revisions = head.revisions, {run.run_id: run.revision for run in running}
    head.progress_at, head.told_at = 0.0, time.monotonic()
    return [encode("progress", describe_running(run)) for run in running if before.get(run.run_id) != run.revision]
