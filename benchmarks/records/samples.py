"""Curves and runs to store, the same on both sides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEY = "train/loss"
BEGAN = 1_790_000_000.0
TEAMS = ("vision", "audio", "text")


@dataclass(frozen=True, slots=True)
class Samples:
    """Points of a curve: a loss of 32 bits that falls, with noise, measured about every 10 ms."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    times: NDArray[np.float64]


def draw_samples(first: int, count: int, seed: int) -> Samples:
    """Draw points of consecutive steps."""
    random = np.random.default_rng((seed, first))
    steps = np.arange(first, first + count)
    noisy = np.exp(-steps / 20_000) + 0.1 * random.standard_normal(count)
    times = BEGAN + 0.01 * steps + 0.002 * random.random(count)
    return Samples(steps, noisy.astype(np.float32).astype(float), times)


@dataclass(frozen=True, slots=True)
class ListedRun:
    """What a listed run differs in from others.

    Attributes:
        number: From 0, the oldest.
    """

    number: int
    learning_rate: float
    accuracy: float
    team: str

    @property
    def created_at(self) -> float:
        """Seconds since the Unix epoch."""
        return BEGAN + 60.0 * self.number


def draw_run(number: int) -> ListedRun:
    """Draw the run of a number: the same whenever it is asked for."""
    random = np.random.default_rng(number)
    rate, accuracy = random.random(2)
    return ListedRun(number, round(10 ** (-4 * rate), 8), round(float(accuracy), 6), TEAMS[number % len(TEAMS)])
