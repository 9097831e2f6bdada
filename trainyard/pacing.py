"""How long to wait between two questions to the service."""

SHORTEST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 1.0
# An end is noticed within a twentieth of the time the run has taken so far.
POLL_SHARE = 0.05

FIRST_RETRY_SECONDS = 0.05
LONGEST_RETRY_SECONDS = 2.0


def poll_seconds(elapsed_seconds: float) -> float:
    """The pause before looking at a run again: 0.05 s for a run just begun, rising to 1 s after 20 s."""
    return min(max(elapsed_seconds * POLL_SHARE, SHORTEST_POLL_SECONDS), LONGEST_POLL_SECONDS)


def retry_seconds(num_failures: int) -> float:
    """The pause after this many failures in a row, counted from 1: 0.05 s, doubling up to 2 s."""
    # The exponent is capped because a float can not hold 2 to the power of every count.
    return min(FIRST_RETRY_SECONDS * 2.0 ** min(num_failures - 1, 16), LONGEST_RETRY_SECONDS)
