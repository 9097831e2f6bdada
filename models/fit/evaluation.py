"""Measuring samples that are not learned from."""

import math
from time import perf_counter
from typing import Any

from models.evaluation.tallies import HeldOut, MakeTally
from models.fit.arrays import Arrays
from models.fit.meter import Meter, State, Values
from models.fit.pacing import Pacer
from models.fit.programs.evaluation import BATCH_SIZE, EvaluationProgram
from models.reporting import Reporter, stop_if_asked
from models.runtime import tf

MOST_OUTPUTS = 16 * 1024 * 1024
"""Numbers that one call may leave as outputs: 64 MiB."""


class Evaluation:
    """Evaluates a network on some samples, as often as asked, asking the reporter in between whether to stop.

    Args:
        program: Measures some batches.
        meter: What it measures.
        arrays: The samples.
        output_shape: Of the network for one sample.
        make_tally: Makes what counts answers; None where nothing is ever counted.
        reporter: Is asked.
        is_resident: Whether the samples lie on the device; else each call brings its own.

    Attributes:
        counted: What the last evaluation gave whose answers were counted; None before one.
    """

    def __init__(
        self,
        program: EvaluationProgram,
        meter: Meter,
        arrays: Arrays,
        output_shape: tuple[int, ...],
        make_tally: MakeTally | None,
        reporter: Reporter,
        *,
        is_resident: bool = True,
    ) -> None:
        self._program = program
        self._meter = meter
        self.counted: HeldOut | None = None
        self._make_tally = make_tally
        self._arrays = arrays
        self._columns = arrays.columns()
        self._samples = tuple(map(tf.constant, self._columns)) if is_resident else None
        self._num_batches = -(-len(arrays) // BATCH_SIZE)
        self._most_batches = max(1, MOST_OUTPUTS // (BATCH_SIZE * math.prod(output_shape)))
        self._reporter = reporter
        self._pacer = Pacer()

    def run(self, *, is_counted: bool = False) -> Values:
        """Loss and metrics over all samples: (len(meter.names),).

        Args:
            is_counted: Whether to count what each sample was answered.

        Raises:
            TrainingStopped: If the reporter asked for it.
        """
        batch, state = 0, self._meter.zero()
        tally = self._make_tally(len(self._arrays)) if is_counted and self._make_tally is not None else None
        while True:
            amount = self._pacer.next_amount(min(self._num_batches - batch, self._most_batches))
            started = perf_counter()
            values, state, outputs = self._measure(batch, amount, state)
            if tally is not None:
                tally.add(self._arrays.targets[_rows(batch, amount)], outputs.numpy())
            self._pacer.took(amount, perf_counter() - started)
            batch += amount
            if batch >= self._num_batches:
                if tally is not None:
                    self.counted = HeldOut(dict(zip(self._meter.names, values.tolist(), strict=True)), tally)
                return values
            stop_if_asked(self._reporter)

    def _measure(self, first: int, count: int, state: State) -> tuple[Values, State, Any]:
        if self._samples is not None:
            return self._program.run(self._samples, first, count, state)
        rows = _rows(first, count)
        return self._program.run(tuple(tf.constant(column[rows]) for column in self._columns), 0, count, state)


def _rows(first: int, count: int) -> slice:
    return slice(first * BATCH_SIZE, (first + count) * BATCH_SIZE)
