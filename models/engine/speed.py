"""How fast a fit goes."""

from dataclasses import dataclass


@dataclass(slots=True)
class Speed:
    """Adds up what was done in which time.

    Attributes:
        num_steps: Training steps taken.
        num_samples: Samples in them.
        train_seconds: In them.
        validate_seconds: In measuring samples that are not learned from.
    """

    num_steps: int = 0
    num_samples: int = 0
    train_seconds: float = 0.0
    validate_seconds: float = 0.0

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
