"""Times of requests to both sides, in turns."""

from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.records.results import Results, Row
from benchmarks.records.sizes import Sizes
from benchmarks.serving.servers import LOAD_CORE, pinned

Ask = Callable[[], float]
"""Sends what one answer takes, and returns the seconds."""

LONG_SECONDS = 3.0
ROUND_SECONDS = 1.0


def time_sides(sizes: Sizes, asks: Sequence[Ask]) -> list[tuple[float, ...]]:
    """Return the median milliseconds of each side's rounds.

    Each side is asked once before. If that takes longer than LONG_SECONDS it is all that is measured of the side.
    """
    rounds: list[list[float]] = [[] for _ in asks]
    with pinned(LOAD_CORE):
        first = [ask() for ask in asks]
        for _ in range(sizes.num_rounds):
            for ask, before, measured in zip(asks, first, rounds, strict=True):
                if before <= LONG_SECONDS:
                    measured.append(1e3 * median(_ask_for_a_while(ask, sizes.num_requests)))
    return [tuple(measured) or (1e3 * before,) for before, measured in zip(first, rounds, strict=True)]


def _ask_for_a_while(ask: Ask, num_requests: int) -> list[float]:
    """Ask so often, or until ROUND_SECONDS have gone by."""
    seconds: list[float] = []
    while len(seconds) < num_requests and sum(seconds) < ROUND_SECONDS:
        seconds.append(ask())
    return seconds


def add_times(results: Results, key: str, title: str, sides: Sequence[tuple[float, ...]], note: str = "") -> None:
    """Add a row of milliseconds: ours, and theirs if there are any."""
    results.rows.append(Row(key, title, "ms", sides[0], sides[1] if len(sides) > 1 else (), note=note))
