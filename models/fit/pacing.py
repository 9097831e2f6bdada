"""Amount of work per call to TensorFlow, and speed of a fit."""

from dataclasses import dataclass

TARGET_SECONDS = 0.2

FASTEST_GROWTH = 4


class Pacer:
    """Adapts the amount of work of a call to a target duration."""

    def __init__(self, target_seconds: float = TARGET_SECONDS) -> None:
        self._target_seconds = target_seconds
        self._amount = 1

    def next_amount(self, left: int) -> int:
        """Return the amount of work of the next call: at least 1, at most `left`."""
        return max(1, min(self._amount, left))

    def took(self, amount: int, seconds: float) -> None:
        """Record the duration of a call with this amount of work."""
        fitting = int(amount * self._target_seconds / max(seconds, 1e-9))
        # The first calls include one-time work; bounded growth limits the effect of a single outlier.
        self._amount = max(1, min(fitting, amount * FASTEST_GROWTH))


@dataclass(slots=True)
class Speed:
    """Speed of training.

    Attributes:
        num_steps: Number of training steps taken.
        num_samples: Number of samples in these steps.
        train_seconds: Seconds spent on these steps.
    """

    num_steps: int = 0
    num_samples: int = 0
    train_seconds: float = 0.0

    def add_steps(self, num_steps: int, num_samples: int, seconds: float) -> None:
        """Add some training steps."""
        self.num_steps += num_steps
        self.num_samples += num_samples
        self.train_seconds += seconds

    @property
    def steps_per_second(self) -> float:
        """Training steps per second, without validation."""
        return self.num_steps / self.train_seconds if self.train_seconds else 0.0

    @property
    def samples_per_second(self) -> float:
        """Training samples per second, without validation."""
        return self.num_samples / self.train_seconds if self.train_seconds else 0.0
