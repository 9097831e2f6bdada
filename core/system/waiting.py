"""Waiting, for a bounded time, for what a process can not do without. Containers start in any order."""

import time
from collections.abc import Callable

from core.errors import TrainyardError, Unavailable

POLL_SECONDS = 0.25

LONGEST_PAUSE_SECONDS = 2.0

Say = Callable[[str], None]


def wait_for(
    check: Callable[[], None],
    timeout_seconds: float,
    say: Say,
    passing: tuple[type[TrainyardError], ...] = (Unavailable,),
) -> None:
    """Call `check` until it raises nothing, with pauses that grow.

    Args:
        check: Raises one of `passing` while there is something to wait for.
        timeout_seconds: How long to try.
        say: Told what is waited for, once for each reason.
        passing: What time may mend, such as a server that is still starting.

    Raises:
        TrainyardError: The last one of `passing` when the time is over; any other at once.
    """
    deadline = time.monotonic() + timeout_seconds
    pause, told = POLL_SECONDS, ""
    while True:
        try:
            check()
        except passing as error:
            if time.monotonic() + pause > deadline:
                raise type(error)(f"Waited {timeout_seconds:g} s in vain. {error.detail}") from error
            if error.detail != told:
                told = error.detail
                say(f"Waiting. {told}")
        else:
            if told:
                say("Waited long enough; going on.")
            return
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
