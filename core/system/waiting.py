"""Waiting, with a timeout, for services that a process depends on. Containers start in any order."""

import time
from collections.abc import Callable

from core.errors import TrainyardError, Unavailable

POLL_SECONDS = 0.25

LONGEST_PAUSE_SECONDS = 2.0

Log = Callable[[str], None]


def wait_for(
    check: Callable[[], None],
    timeout_seconds: float,
    log: Log,
    passing: tuple[type[TrainyardError], ...] = (Unavailable,),
) -> None:
    """Call `check` until it raises nothing, with pauses that grow.

    Args:
        check: Raises one of `passing` while there is something to wait for.
        timeout_seconds: Time after which to stop trying.
        log: Called with the reason of the wait, once for each reason.
        passing: Errors that may pass, such as that of a server that is still starting.

    Raises:
        TrainyardError: The last one of `passing` after the timeout; any other at once.
    """
    deadline = time.monotonic() + timeout_seconds
    pause, logged = POLL_SECONDS, ""
    while True:
        try:
            check()
        except passing as error:
            if time.monotonic() + pause > deadline:
                raise type(error)(f"Gave up after {timeout_seconds:g} s. {error.detail}") from error
            if error.detail != logged:
                logged = error.detail
                log(f"Waiting. {logged}")
        else:
            if logged:
                log("The wait is over.")
            return
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
