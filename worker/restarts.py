"""Pauses between failed starts of trainers."""

FIRST_RESTART_DELAY_SECONDS = 1.0
LONGEST_RESTART_DELAY_SECONDS = 60.0
MAX_DOUBLINGS = 10
"""Most doublings of the first delay; the longest delay is reached well before."""


def restart_delay(num_failed: int) -> float:
    """Return the seconds to wait after this many failed starts in a row: doubled each time, up to a limit."""
    doubled = FIRST_RESTART_DELAY_SECONDS * 2.0 ** min(num_failed - 1, MAX_DOUBLINGS)
    return min(doubled, LONGEST_RESTART_DELAY_SECONDS)
