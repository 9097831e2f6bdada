"""Census of the database for monitoring: cached, one query at a time, with a limited wait."""

import asyncio
import logging
import threading
import time
from collections.abc import Hashable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool

from api.monitoring.exchange import Exchange
from core.errors import DatabaseUnavailable
from core.run_state import TERMINAL_STATES, RunState
from db.census import Census, take_census
from db.records.jobs import AttemptOutcome
from db.session import Database

logger = logging.getLogger(__name__)

KEPT_SECONDS = 1.0
"""Time for which a census is cached."""

KEPT_SHARE = 10.0
"""Multiple of its duration for which a census is cached: counting takes at most a tenth of the database's time."""

WAIT_SECONDS = 3.0
"""Longest wait for a census. Prometheus times out after 10 s by default, and would then get nothing of this process."""

Key = TypeVar("Key", bound=Hashable)


class Totals(Generic[Key]):
    """Monotonic counters, derived from counts that decrease when something is deleted.

    Prometheus takes a counter that decreases for a restarted one. These begin at 0 with the service and add the
    increase of each reading over the one before.
    """

    def __init__(self, state: Mapping[str, Mapping[Key, int]] | None = None) -> None:
        """Create the counters, with the `state` of earlier ones if they are to continue them."""
        self._last: Mapping[Key, int] | None = None if state is None else state["last"]
        self._totals: Mapping[Key, int] = {} if state is None else state["totals"]

    @property
    def state(self) -> dict[str, Mapping[Key, int]]:
        """Return what is needed to continue, for JSON; call `follow` before."""
        return {"last": self._last or {}, "totals": self._totals}

    def follow(self, counts: Mapping[Key, int]) -> Mapping[Key, int]:
        """Add the latest counts; the keys are the same each time."""
        last = counts if self._last is None else self._last
        self._totals = {
            key: self._totals.get(key, 0) + max(count - last.get(key, 0), 0) for key, count in counts.items()
        }
        self._last = counts
        return self._totals


@dataclass(frozen=True, slots=True)
class Reading:
    """Census, and the increase since the first one of this service.

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
        """Return True if the census may be reused."""
        return time.monotonic() - self.taken_at < max(KEPT_SECONDS, KEPT_SHARE * self.seconds)


class CensusTaker:
    """Takes a census on request, in a thread of its own, because those that handle requests may all be waiting."""

    def __init__(self, database: Database, exchange: Exchange, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._database = database
        self._exchange = exchange
        self._wait_seconds = wait_seconds
        self._under_way: Future[Reading | None] | None = None
        self._latest: Reading | None = None

    async def ask(self) -> Reading | None:
        """Return the latest census, or a new one; call it from the event loop only.

        Returns:
            None if the database does not answer in time. A late census is returned to the next caller.
        """
        if self._latest is not None and self._latest.is_fresh:
            return self._latest
        if self._under_way is None or self._under_way.done():
            self._under_way = Future()
            # A daemon thread: the process does not wait for an unresponsive database when it ends.
            threading.Thread(target=self._take, args=(self._under_way,), name="census", daemon=True).start()
        asked = asyncio.wrap_future(self._under_way)
        try:
            return await asyncio.wait_for(asyncio.shield(asked), self._wait_seconds)
        except TimeoutError:
            return None

    async def close(self) -> None:
        """Wait for a census in progress, as long as a caller would, so that its connection can be closed."""
        if self._under_way is not None:
            await run_in_threadpool(wait, [self._under_way], self._wait_seconds)

    def _take(self, answer: Future[Reading | None]) -> None:
        began = time.monotonic()
        reading = None
        try:
            # Counters go on whichever process is asked, and no process adds an older census than another has.
            with self._exchange.exclusive("census") as state:
                with self._database.reading() as session:
                    census = take_census(session)
                reading, state.content = _read(census, state.content or {}, time.monotonic() - began)
        except DatabaseUnavailable as error:
            logger.warning("Monitoring could not query the database. %s", error.detail)
        except Exception:
            # The caller must not wait for ever, and still reports the measurements of the process.
            logger.exception("Monitoring could not query the database.")
        finally:
            self._latest = reading
            answer.set_result(reading)


def _read(census: Census, states: Mapping[str, Any], seconds: float) -> tuple[Reading, dict[str, Any]]:
    """Return the reading of a census, and the new state of the counters."""
    everything: Totals[str] = Totals(states.get("everything"))
    ended_runs: Totals[RunState] = Totals(states.get("ended_runs"))
    ended_attempts: Totals[AttemptOutcome] = Totals(states.get("ended_attempts"))
    totals = everything.follow({"runs": sum(census.runs_by_state.values()), "attempts": census.num_attempts})
    ended = {state: count for state, count in census.runs_by_state.items() if state in TERMINAL_STATES}
    reading = Reading(
        census=census,
        seconds=seconds,
        num_submitted=totals["runs"],
        num_started=totals["attempts"],
        ended_runs=ended_runs.follow(ended),
        ended_attempts=ended_attempts.follow(census.attempts_by_outcome),
    )
    after: list[tuple[str, Totals[Any]]] = [
        ("everything", everything),
        ("ended_runs", ended_runs),
        ("ended_attempts", ended_attempts),
    ]
    return reading, {name: counters.state for name, counters in after}
