"""The pace of a fit: how much to do in one call, and how fast it goes."""

from dataclasses import dataclass

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


@dataclass(slots=True)
class Speed:
    """Adds up what was done in which time.

    Attributes:
        num_steps: Training steps taken.
        num_samples: Samples in them.
        train_seconds: In them.
    """

    num_steps: int = 0
    num_samples: int = 0
    train_seconds: float = 0.0

    def add_steps(self, num_steps: int, num_samples: int, seconds: float) -> None:
        """Take note of some training steps."""
        self.num_steps += num_steps
        self.num_samples += num_samples
        self.train_seconds += seconds

    @property
    def steps_per_second(self) -> float:
        """Training steps a second, validation left out."""
        return self.num_steps / self.train_seconds if self.train_seconds else 0.0

    @property
    def samples_per_second(self) -> float:
        """Training samples a second, validation left out."""
        return self.num_samples / self.train_seconds if self.train_seconds else 0.0
