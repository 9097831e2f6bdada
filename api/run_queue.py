"""The queue of submitted runs: submissions that arrive together share one transaction."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from api.doorbell import DoorbellRinger
from core.errors import DatabaseUnavailable, TrainyardError
from core.quotas import NO_LIMITS, Limits
from db import submissions
from db.idempotency import StoredAnswer
from db.session import Database
from db.submissions import Round, Submission

logger = logging.getLogger(__name__)

MAX_RUNS_TOGETHER = 256
"""Runs of one transaction, unless a single submission has more: others wait for its end."""

Outcome = StoredAnswer | BaseException


@dataclass(frozen=True, slots=True)
class _Waiting:
    submission: Submission
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[StoredAnswer]"


class RunQueue:
    """Thread that stores submissions; it starts with the first one.

    It takes all that wait and stores them in one transaction, while more arrive. So a submission alone waits for
    nothing, and of many at once each takes a small part of a transaction. SQLite has one writer at a time: threads of
    the requests would wait for each other's transactions, and each commit costs as much as several runs.

    The answer is given after the commit. A submission that is refused does not affect the others.
    """

    def __init__(self, database: Database, doorbell: DoorbellRinger, limits: Limits = NO_LIMITS) -> None:
        """Create the queue; it opens no connection.

        Args:
            database: Database of the runs.
            doorbell: Rings for them.
            limits: Limits of submitters without their own.
        """
        self._database = database
        self._limits = limits
        self._doorbell = doorbell
        self._condition = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    async def queue(self, submission: Submission) -> StoredAnswer:
        """Store a submission and ring the doorbell; return the answer once it is committed.

        If the caller is cancelled, the submission is stored nevertheless.

        Raises:
            TrainyardError: If it is refused.
            DatabaseUnavailable: If the database does not answer.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[StoredAnswer] = loop.create_future()
        with self._condition:
            if self._is_closed:
                raise DatabaseUnavailable("The service is stopping. Try again.")
            self._waiting.append(_Waiting(submission, loop, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._store_on, name="run-queue", daemon=True)
                self._thread.start()
            self._condition.notify()
        return await future

    def close(self) -> None:
        """Store what waits, and stop."""
        with self._condition:
            self._is_closed = True
            self._condition.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _store_on(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._is_closed:
                    self._condition.wait()
                if not self._waiting:
                    return
                together = self._take()
            outcomes = self._store([waiting.submission for waiting in together])
            _resolve(together, outcomes)

    def _take(self) -> list[_Waiting]:
        """Take the submissions of the next transaction, first come, first served.

        One with the Idempotency-Key of another waits for the following transaction, which finds the answer of the
        first.
        """
        together: list[_Waiting] = []
        later: list[_Waiting] = []
        places: set[tuple[str, str]] = set()
        num_runs = 0
        while self._waiting:
            waiting = self._waiting.popleft()
            repeat = waiting.submission.repeat
            num_runs += len(waiting.submission.runs)
            if together and num_runs > MAX_RUNS_TOGETHER:
                later.append(waiting)
                break
            if repeat is not None and repeat.place in places:
                later.append(waiting)
                continue
            if repeat is not None:
                places.add(repeat.place)
            together.append(waiting)
        self._waiting.extendleft(reversed(later))
        return together

    def _store(self, together: Sequence[Submission]) -> Sequence[Outcome]:
        try:
            with self._database.transaction() as session:
                stored = submissions.queue_all(session, together, self._limits)
        except TrainyardError as error:
            return [error] * len(together)
        except Exception as error:
            if len(together) == 1:
                return [error]
            # One of them has failed for a reason that was not foreseen. Each alone, so that the others are stored.
            logger.exception("%d submissions failed together; each is tried alone.", len(together))
            return [outcome for submission in together for outcome in self._store([submission])]
        self._ring_for(stored)
        return stored.outcomes

    def _ring_for(self, stored: Round) -> None:
        # Replayed answers ring as well: the first ring may have been lost.
        if not any(isinstance(outcome, StoredAnswer) for outcome in stored.outcomes):
            return
        try:
            self._doorbell.ring(max(stored.num_queued, 1), stored.num_trainers)
        except Exception:
            # The runs are stored: workers find them without a ring, and nothing may end this thread.
            logger.exception("The doorbell could not be asked to ring.")


def _resolve(together: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    """Hand the outcomes to the event loops that wait for them, in one call for each."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[StoredAnswer], Outcome]]] = {}
    for waiting, outcome in zip(together, outcomes, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, outcome))
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, pairs)
        except RuntimeError:
            logger.warning("An event loop was closed while %d submissions were stored.", len(pairs))


def _settle(pairs: Sequence[tuple["asyncio.Future[StoredAnswer]", Outcome]]) -> None:
    for future, outcome in pairs:
        if future.done():
            continue  # Its client is gone.
        if isinstance(outcome, StoredAnswer):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
