"""History of an alias: which versions may answer a request by it."""

import threading
from dataclasses import dataclass
from math import inf

SETTLING_SECONDS = 1.0
"""Time within which a moved alias takes effect in every process."""


@dataclass(frozen=True, slots=True)
class Move:
    """Move of an alias.

    Attributes:
        version: That it points to from then on.
        sent: Time at which the move was asked for.
        answered: Time at which it was confirmed.
    """

    version: int
    sent: float
    answered: float


class AliasHistory:
    """Moves of one alias, which other threads read while it is moved.

    Args:
        version: That it points to at first.
    """

    def __init__(self, version: int) -> None:
        self._moves = [Move(version, -inf, -inf)]
        self._lock = threading.Lock()

    def begin(self, version: int, sent: float) -> None:
        """Note that a move is asked for: from now on the version may answer."""
        with self._lock:
            self._moves.append(Move(version, sent, inf))

    def confirm(self, answered: float) -> None:
        """Note that the last move is confirmed."""
        with self._lock:
            last = self._moves.pop()
            self._moves.append(Move(last.version, last.sent, answered))

    def allowed(self, sent: float, received: float) -> set[int]:
        """Return the versions that may answer a request sent and answered at these times."""
        with self._lock:
            moves = tuple(self._moves)
        ends = [move.answered + SETTLING_SECONDS for move in moves[1:]]
        return {
            move.version for move, end in zip(moves, [*ends, inf], strict=True) if move.sent <= received and end >= sent
        }
