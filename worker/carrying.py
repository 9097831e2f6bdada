"""Work with the store of files, which may take long or wait for a store that is away, while the lease is renewed."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from core.errors import DatabaseUnavailable, StorageUnavailable
from core.settings import Settings
from db.attempts import Heartbeat

logger = logging.getLogger("trainyard.worker")

LISTEN_SECONDS = 0.1
"""Longest delay of a drain."""
RETRY_SECONDS = 2.0
"""Pause before work is repeated that the store did not answer; the store's client has repeated each request before."""

Answer = TypeVar("Answer")


class CarryingStopped(Exception):
    """The work was not waited for to its end."""


def carry(
    work: Callable[[], Answer],
    renew: Callable[[], Heartbeat],
    settings: Settings,
    *,
    patience_seconds: float | None = None,
    is_over: Callable[[Heartbeat | None], bool] = lambda _: False,
) -> Answer:
    """Do work in a thread of its own, again and again while the store is away, and renew the lease meanwhile.

    Args:
        work: May be done several times, and goes on if this call ends with an error.
        renew: Renews the lease.
        settings: Interval of heartbeats.
        patience_seconds: Time after which the work is not repeated any more; by default that of a repair.
        is_over: Called with each heartbeat, and often with None in between: True if nobody needs the answer any more.

    Raises:
        AttemptFenced: If the attempt does not own its job any more.
        CarryingStopped: If it is over.
        StorageUnavailable: If the store was away for longer than the patience.
        Exception: Whatever else the work raises.
    """
    answer: Future[Answer] = Future()
    is_left = threading.Event()
    patience = settings.repair_timeout_seconds if patience_seconds is None else patience_seconds
    threading.Thread(target=_repeat, args=(work, answer, is_left, patience), name="storage", daemon=True).start()
    next_beat = time.monotonic() + settings.heartbeat_seconds
    try:
        while not answer.done():
            heartbeat = None
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + settings.heartbeat_seconds
                heartbeat = _renew(renew)
            if is_over(heartbeat):
                raise CarryingStopped
            wait([answer], LISTEN_SECONDS)
        return answer.result()
    finally:
        is_left.set()


def _repeat(
    work: Callable[[], Answer], answer: Future[Answer], is_left: threading.Event, patience_seconds: float
) -> None:
    deadline = time.monotonic() + patience_seconds
    logged = ""
    while True:
        try:
            answer.set_result(work())
        except StorageUnavailable as error:
            if time.monotonic() + RETRY_SECONDS <= deadline:
                if error.detail != logged:
                    logged = error.detail
                    logger.warning("%s The worker goes on trying.", logged)
                if not is_left.wait(RETRY_SECONDS):
                    continue
            answer.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - It is raised in the thread that waits for the answer.
            answer.set_exception(error)
        return


def _renew(renew: Callable[[], Heartbeat]) -> Heartbeat | None:
    try:
        return renew()
    except DatabaseUnavailable as error:
        # If the lease is lost meanwhile, the next write is fenced.
        logger.warning("No heartbeat while files are stored: %s", error.detail)
        return None
