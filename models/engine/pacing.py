"""How much to do in one call, so that control comes back often enough to be asked to stop."""

TARGET_SECONDS = 0.2
FASTEST_GROWTH = 4


class Pacer:
    """Learns from each call how much work fits into the next one."""

    def __init__(self, target_seconds: float = TARGET_SECONDS) -> None:
        self._target_seconds = target_seconds
        self._amount = 1

    def next_amount(self, left: int) -> int:
        """Pieces of work to do in the next call; at least 1, at most `left`."""
        return max(1, min(self._amount, left))

    def took(self, amount: int, seconds: float) -> None:
        """Learn how long a call with so many pieces of work took."""
        fitting = int(amount * self._target_seconds / max(seconds, 1e-9))
        # The first calls also pay for what is only done once; growing in bounds keeps one odd time from misleading.
        self._amount = max(1, min(fitting, amount * FASTEST_GROWTH))
