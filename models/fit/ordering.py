"""Order of samples: those that each step takes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.checks.length import FitLength
from models.seeds import random_generator


@dataclass(frozen=True, slots=True)
class StepOrder:
    """The samples of some steps in a row.

    Attributes:
        first: Number of the first of them, counted from 0.
        rows: Training samples in the order they are taken, int32.
        offsets: (steps + 1,), int32: step i takes rows[offsets[i]:offsets[i + 1]].
        begins_epoch: (steps,): whether step i is the first of its epoch.
    """

    first: int
    rows: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int32]
    begins_epoch: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.begins_epoch)


class Ordering:
    """Gives every step its samples, from the seed and the step's number alone: a resumed fit goes on alike."""

    def __init__(self, length: FitLength, seed: int, *, shuffle: bool) -> None:
        self._length = length
        self._seed = seed
        # A step that takes every sample adds them up; in which order is all the same.
        self._shuffle = shuffle and length.steps_per_pass > 1
        self._number_in_store = -1
        self._store = np.arange(length.num_samples, dtype=np.int32)

    def steps(self, first: int, count: int) -> StepOrder:
        """The samples of `count` steps from step `first`, counted from 0."""
        length = self._length
        parts, sizes = [], []
        step, end = first, first + count
        while step < end:
            number, place = divmod(step, length.steps_per_pass)
            taken = min(length.steps_per_pass - place, end - step)
            bounds = np.minimum(np.arange(place, place + taken + 1) * length.batch_size, length.num_samples)
            parts.append(self._pass(number)[bounds[0] : bounds[-1]])
            sizes.append(np.diff(bounds))
            step += taken
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int32)
        begins_epoch = np.arange(first, end) % length.steps_per_epoch == 0
        return StepOrder(first, np.concatenate(parts), offsets, begins_epoch)

    def _pass(self, number: int) -> npt.NDArray[np.int32]:
        if self._shuffle and number != self._number_in_store:
            order = random_generator(self._seed, "pass", number).permutation(self._length.num_samples)
            self._store = order.astype(np.int32)
            self._number_in_store = number
        return self._store
