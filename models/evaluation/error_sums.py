"""Sums of the errors of predicted numbers on held-out samples."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from core.evaluation import MOST_OUTPUTS_WITH_PAIRS, MOST_PAIRS, OutputEvaluation, PairSample, RegressionEvaluation
from models.arrays.distances import measure

Array = npt.NDArray[Any]

NUM_DIGITS = 7
"""Significant digits of float32."""

Numbers = npt.NDArray[np.float64]

Offset = tuple[int | float, ...] | None


class ErrorTally:
    """Sums of the errors of predicted numbers, with a sample of pairs of target and prediction.

    Args:
        names: Names of the outputs.
        num_rows: Number of samples, times the steps of each if they are sequences.
        offset: Number that predictions add to each output, in float64; None for none.
    """

    def __init__(self, names: tuple[str, ...], num_rows: int, offset: Offset = None) -> None:
        self._names = names
        self._offset = (0.0,) * len(names) if offset is None else offset
        # Answers are rounded to float64, as is the offset that they add.
        self._start = np.array(self._offset, np.float64)
        self._answered = np.array(
            [float(int(float(whole)) - whole) if isinstance(whole, int) else 0.0 for whole in self._offset]
        )
        self._num_rows = 0
        self._absolute, self._squared, self._mean, self._spread = np.zeros((4, len(names)))
        self._first: Numbers | None = None
        # Drawn at random: every nth row might always be the same step of a sequence.
        chosen = np.random.default_rng(0).choice(num_rows, min(num_rows, MOST_PAIRS), replace=False, shuffle=False)
        self._chosen = np.sort(chosen)
        self._kept: list[tuple[Numbers, Numbers]] = []

    def add(self, targets: Array, outputs: Array) -> None:
        """Add a batch: targets as in the dataset, and outputs of the same shape, whose last axis is the outputs."""
        rows = targets.reshape(-1, len(self._names))
        # Errors are distances from the offset, of which float64 has the digits even where it lacks those of the target.
        wanted = np.stack([measure(rows[:, place], offset) for place, offset in enumerate(self._offset)], axis=1)
        given = self._answered + ((outputs.reshape(-1, len(self._names)) + self._start) - self._start)
        self._keep(wanted, given)
        errors = given - wanted
        self._absolute += np.abs(errors).sum(axis=0)
        self._squared += np.square(errors).sum(axis=0)
        self._add_spread(wanted)

    def report(self) -> RegressionEvaluation:
        """Return the errors over all outputs, and of each."""
        outputs = tuple(self._evaluate_output(number) for number in range(len(self._names)))
        shares = [output.r2_score for output in outputs]
        known = [share for share in shares if share is not None]
        return RegressionEvaluation(
            mean_absolute_error=_finite(self._absolute.mean() / self._num_rows),
            root_mean_squared_error=_finite(np.sqrt(self._squared.mean() / self._num_rows)),
            r2_score=_finite(np.mean(known)) if len(known) == len(shares) else None,
            outputs=outputs,
        )

    def _add_spread(self, wanted: Numbers) -> None:
        """Update the sum of squared distances from the mean (Chan, Golub and LeVeque, 1979).

        Distances are relative to the first target, so that equal targets give exactly 0, however large they are.
        """
        if self._first is None:
            self._first = wanted[0]
        distances = wanted - self._first
        mean, before, count = distances.mean(axis=0), self._num_rows, len(wanted)
        self._num_rows += count
        change = mean - self._mean
        self._spread += np.square(distances - mean).sum(axis=0) + np.square(change) * before * count / self._num_rows
        self._mean += change * count / self._num_rows

    def _keep(self, wanted: Numbers, given: Numbers) -> None:
        start, stop = np.searchsorted(self._chosen, [self._num_rows, self._num_rows + len(wanted)])
        rows = self._chosen[start:stop] - self._num_rows
        self._kept.append((wanted[rows, :MOST_OUTPUTS_WITH_PAIRS], given[rows, :MOST_OUTPUTS_WITH_PAIRS]))

    def _evaluate_output(self, number: int) -> OutputEvaluation:
        spread, squared = self._spread[number], self._squared[number]
        return OutputEvaluation(
            name=self._names[number],
            mean_absolute_error=_finite(self._absolute[number] / self._num_rows),
            root_mean_squared_error=_finite(np.sqrt(squared / self._num_rows)),
            r2_score=_finite(1 - squared / spread) if spread > 0 else None,
            sample=self._sample(number) if number < MOST_OUTPUTS_WITH_PAIRS else None,
        )

    def _sample(self, number: int) -> PairSample:
        wanted, given = (np.concatenate(column)[:, number] for column in zip(*self._kept, strict=True))
        shown = np.isfinite(wanted) & np.isfinite(given)
        offset = float(self._offset[number])
        return PairSample(targets=_shorten(wanted[shown], offset), predictions=_shorten(given[shown], offset))


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _shorten(distances: Numbers, offset: float) -> tuple[float, ...]:
    """Round distances from an offset to the digits of float32, and add it."""
    if not offset:
        return tuple(float(f"{number:.7g}") for number in distances)
    greatest = float(np.abs(distances).max(initial=0.0))
    # The sum is rounded where the distance has its last digit, so that it is no longer than it has to be.
    num_decimals = NUM_DIGITS - 1 - math.floor(math.log10(greatest)) if greatest else NUM_DIGITS
    return tuple(round(float(number) + offset, num_decimals) for number in distances)
