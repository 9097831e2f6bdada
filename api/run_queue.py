"""The queue of submitted runs: submissions that arrive together share one transaction."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
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

PATIENCE = 0.5
"""Part of the time of a transaction for which the next one waits for its callers to come back."""
MAX_PATIENCE_SECONDS = 0.005

Read = Callable[[], Submission | StoredAnswer]
"""Reads and checks a request; an answer is that to an earlier request, which this one repeats."""

Outcome = StoredAnswer | BaseException


@dataclass(frozen=True, slots=True)
class _Caller:
    """Caller that waits for an outcome."""

    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[StoredAnswer]"


@dataclass(frozen=True, slots=True)
class _Request:
    read: Read
    context: Context
    caller: _Caller


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request that was read."""

    submission: Submission
    caller: _Caller


class RunQueue:
    """Thread that reads and stores submissions; it starts with the first one.

    It takes all that wait and stores them in one transaction, while more arrive. So a submission alone waits for
    nothing, and of many at once each takes a small part of a transaction. SQLite has one writer at a time: threads of
    the requests would wait for each other's transactions, and each commit costs as much as several runs.

    It reads the requests too: to hand one from thread to thread takes as long as to check it.

    Clients that submit one run after another come back together, so after a transaction it waits for those who have
    just been answered, a part of the time that the transaction took.

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
        self._waiting: deque[_Request] = deque()
        self._ready: deque[_Ready] = deque()
        self._num_expected = 1
        self._is_closed = False
        self._thread: threading.Thread | None = None

    async def queue(self, read: Read) -> StoredAnswer:
        """Read and store a submission and ring the doorbell; return the answer once it is committed.

        If the caller is cancelled, the submission is stored nevertheless.

        Args:
            read: Called in the thread of the queue. What takes long is to be done before: others would wait for it.

        Raises:
            TrainyardError: If it is refused, and what `read` raises.
            DatabaseUnavailable: If the database does not answer.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[StoredAnswer] = loop.create_future()
        with self._condition:
            if self._is_closed:
                raise DatabaseUnavailable("The service is stopping. Try again.")
            self._waiting.append(_Request(read, copy_context(), _Caller(loop, future)))
            if self._thread is None:
                self._thread = threading.Thread(target=self._store_on, name="run-queue", daemon=True)
                self._thread.start()
            if len(self._waiting) >= self._num_expected:
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
        num_expected, patience_seconds = 1, 0.0
        while True:
            self._wait(num_expected, patience_seconds)
            began = time.monotonic()
            self._read_all()
            together = self._take()
            if together:
                outcomes = self._store([ready.submission for ready in together])
                patience_seconds = min((time.monotonic() - began) * PATIENCE, MAX_PATIENCE_SECONDS)
                num_expected = len(self._waiting) + len(together)
                _resolve([ready.caller for ready in together], outcomes)
                continue
            num_expected = 1
            if self._is_closed and not self._waiting:
                return

    def _wait(self, num_expected: int, seconds: float) -> None:
        """Wait for this number of requests for some time, and then for a single one."""
        with self._condition:
            self._num_expected = num_expected
            self._condition.wait_for(lambda: len(self._waiting) >= num_expected or self._is_closed, seconds)
            self._num_expected = 1
            while not self._waiting and not self._ready and not self._is_closed:
                self._condition.wait()

    def _read_all(self) -> None:
        """Read what waits, as much as one transaction takes; answer what is refused or a repetition."""
        answered: list[tuple[_Caller, Outcome]] = []
        num_runs = sum(len(ready.submission.runs) for ready in self._ready)
        outage: DatabaseUnavailable | None = None
        while self._waiting and num_runs < MAX_RUNS_TOGETHER:
            request = self._waiting.popleft()
            # After an outage nobody waits for the database as long as the first one did.
            found = outage or _read(request)
            if isinstance(found, Submission):
                num_runs += len(found.runs)
                self._ready.append(_Ready(found, request.caller))
                continue
            if isinstance(found, DatabaseUnavailable):
                outage = found
            answered.append((request.caller, found))
        _resolve([caller for caller, _ in answered], [outcome for _, outcome in answered])

    def _take(self) -> list[_Ready]:
        """Take the submissions of the next transaction, first come, first served.

        One with the Idempotency-Key of another waits for the following transaction, which finds the answer of the
        first.
        """
        together: list[_Ready] = []
        later: list[_Ready] = []
        places: set[tuple[str, str]] = set()
        num_runs = 0
        while self._ready:
            ready = self._ready.popleft()
            repeat = ready.submission.repeat
            num_runs += len(ready.submission.runs)
            if together and num_runs > MAX_RUNS_TOGETHER:
                later.append(ready)
                break
            if repeat is not None and repeat.place in places:
                later.append(ready)
                continue
            if repeat is not None:
                places.add(repeat.place)
            together.append(ready)
        self._ready.extendleft(reversed(later))
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


def _read(request: _Request) -> Submission | Outcome:
    try:
        return request.context.run(request.read)
    except Exception as error:  # noqa: BLE001 - its caller gets it.
        return error


def _resolve(callers: Sequence[_Caller], outcomes: Sequence[Outcome]) -> None:
    """Hand the outcomes to the event loops that wait for them, in one call for each."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[StoredAnswer], Outcome]]] = {}
    for caller, outcome in zip(callers, outcomes, strict=True):
        by_loop.setdefault(caller.loop, []).append((caller.future, outcome))
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
