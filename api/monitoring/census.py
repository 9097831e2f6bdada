"""Looks at the database for monitoring: seldom, one look at a time, and never waited for without end."""

import asyncio
import logging
import threading
import time
from collections.abc import Hashable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

from core.errors import DatabaseUnavailable
from core.run_state import TERMINAL_STATES, RunState
from db.census import Census, take_census
from db.records.runs import AttemptOutcome
from db.session import Database

logger = logging.getLogger(__name__)

KEPT_SECONDS = 1.0
"""A census is answered again for so long."""

KEPT_SHARE = 10.0
"""And for as many times as long as it took: the database spends at most a tenth of its time on being counted."""

WAIT_SECONDS = 3.0
"""Longest wait for a census. Prometheus gives up after 10 s by default, and then has nothing of this process either."""

Key = TypeVar("Key", bound=Hashable)


class Totals(Generic[Key]):
    """Counts that only rise, made of counts that fall where something is deleted.

    A counter that falls looks to Prometheus as if it had begun anew, and all that is left as if it had just happened.
    These begin at 0 with the process and add what each look finds more than the one before.
    """

    def __init__(self) -> None:
        self._last: dict[Key, int] | None = None
        self._totals: dict[Key, int] = {}

    def follow(self, counts: Mapping[Key, int]) -> Mapping[Key, int]:
        """Take the latest counts; the keys are the same each time."""
        last = counts if self._last is None else self._last
        self._totals = {
            key: self._totals.get(key, 0) + max(count - last.get(key, 0), 0) for key, count in counts.items()
        }
        self._last = dict(counts)
        return self._totals


@dataclass(frozen=True, slots=True)
class Reading:
    """A census, and what has been added since this process took its first.

    Attributes:
        seconds: Time the census took.
        num_submitted: Runs that are new.
        num_started: Attempts that are new.
    """

    census: Census
    seconds: float
    num_submitted: int
    num_started: int
    ended_runs: Mapping[RunState, int]
    ended_attempts: Mapping[AttemptOutcome, int]
    taken_at: float = field(default_factory=time.monotonic)

    @property
    def is_fresh(self) -> bool:
        """Return whether it may be answered once more."""
        return time.monotonic() - self.taken_at < max(KEPT_SECONDS, KEPT_SHARE * self.seconds)


class CensusTaker:
    """Takes a census when one is asked for, in a thread of its own: those that answer requests may all be waiting."""

    def __init__(self, database: Database, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._database = database
        self._wait_seconds = wait_seconds
        self._under_way: Future[Reading | None] | None = None
        self._latest: Reading | None = None
        self._everything: Totals[str] = Totals()
        self._ended_runs: Totals[RunState] = Totals()
        self._ended_attempts: Totals[AttemptOutcome] = Totals()

    async def ask(self) -> Reading | None:
        """The latest census, or a new one; from the event loop only.

        Returns:
            None if the database does not answer in time. A census that is late is there for the next who asks.
        """
        if self._latest is not None and self._latest.is_fresh:
            return self._latest
        if self._under_way is None or self._under_way.done():
            self._under_way = Future()
            # A daemon: the process ends without waiting for a database that is silent.
            threading.Thread(target=self._take, args=(self._under_way,), name="census", daemon=True).start()
        asked = asyncio.wrap_future(self._under_way)
        try:
            return await asyncio.wait_for(asyncio.shield(asked), self._wait_seconds)
        except TimeoutError:
            return None

    async def close(self) -> None:
        """Wait for the census under way, no longer than one who asks does: its connection is to be closed after it."""
        if self._under_way is not None:
            await run_in_threadpool(wait, [self._under_way], self._wait_seconds)

    def _take(self, answer: Future[Reading | None]) -> None:
        began = time.monotonic()
        reading = None
        try:
            with self._database.reading() as session:
                census = take_census(session)
            reading = self._read(census, time.monotonic() - began)
        except DatabaseUnavailable as error:
            logger.warning("Monitoring could not ask the database. %s", error.detail)
        except Exception:
            # Whoever waits must not wait for ever, and what the process measured itself is still to be reported.
            logger.exception("Monitoring could not ask the database.")
        finally:
            self._latest = reading
            answer.set_result(reading)

    def _read(self, census: Census, seconds: float) -> Reading:
        ended = {state: count for state, count in census.runs_by_state.items() if state in TERMINAL_STATES}
        everything = {"runs": sum(census.runs_by_state.values()), "attempts": census.num_attempts}
        totals = self._everything.follow(everything)
        return Reading(
            census=census,
            seconds=seconds,
            num_submitted=totals["runs"],
            num_started=totals["attempts"],
            ended_runs=self._ended_runs.follow(ended),
            ended_attempts=self._ended_attempts.follow(census.attempts_by_outcome),
        )
