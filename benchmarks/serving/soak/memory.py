"""Memory of the service over time, and whether it stays the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MEBIBYTE = 1024 * 1024

MOST_GROWTH = 0.05
"""Growth that counts as flat: pages that allocators keep come and go."""

BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Curve:
    """Resident memory at even intervals.

    Attributes:
        resident_bytes: In order.
    """

    resident_bytes: Sequence[int]

    @property
    def growth(self) -> float:
        """Median of the last quarter by that of the second, less 1; the first quarter fills caches.

        0 with fewer than 4 values.
        """
        quarter = len(self.resident_bytes) // 4
        if not quarter:
            return 0.0
        return median(self.resident_bytes[-quarter:]) / median(self.resident_bytes[quarter : 2 * quarter]) - 1

    @property
    def is_flat(self) -> bool:
        """True if it does not grow after the first quarter."""
        return self.growth <= MOST_GROWTH

    def draw(self, width: int = 60) -> str:
        """Draw the curve as a line of blocks, from its least value to its greatest."""
        if not self.resident_bytes:
            return ""
        least, most = min(self.resident_bytes), max(self.resident_bytes)
        places = [number * len(self.resident_bytes) // width for number in range(width)]
        shown = [self.resident_bytes[place] for place in dict.fromkeys(places)]
        span = max(1, most - least)
        blocks = "".join(BLOCKS[(value - least) * (len(BLOCKS) - 1) // span] for value in shown)
        return f"{least / MEBIBYTE:.0f} MiB {blocks} {most / MEBIBYTE:.0f} MiB"
