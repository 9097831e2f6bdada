"""Measuring samples that are not learned from."""

from time import perf_counter

from models.engine.arrays import Arrays
from models.engine.meter import Meter, State
from models.engine.pacing import Pacer
from models.engine.programs.evaluation import BATCH_SIZE, EvaluationProgram
from models.engine.values import Values
from models.reporting import Reporter, stop_if_asked
from models.runtime import tf


class Evaluation:
    """Evaluates a network on some samples, as often as asked, asking the reporter in between whether to stop.

    Args:
        program: Measures some batches.
        meter: What it measures.
        arrays: The samples.
        reporter: Is asked.
        is_resident: Whether the samples lie on the device; else each call brings its own.
    """

    def __init__(
        self, program: EvaluationProgram, meter: Meter, arrays: Arrays, reporter: Reporter, *, is_resident: bool = True
    ) -> None:
        self._program = program
        self._meter = meter
        self._columns = arrays.columns()
        self._samples = tuple(map(tf.constant, self._columns)) if is_resident else None
        self._num_batches = -(-len(arrays) // BATCH_SIZE)
        self._reporter = reporter
        self._pacer = Pacer()

    def run(self) -> Values:
        """Loss and metrics over all samples: (len(meter.names),).

        Raises:
            TrainingStopped: If the reporter asked for it.
        """
        batch, state = 0, self._meter.zero()
        while True:
            amount = self._pacer.next_amount(self._num_batches - batch)
            started = perf_counter()
            values, state = self._measure(batch, amount, state)
            self._pacer.took(amount, perf_counter() - started)
            batch += amount
            if batch >= self._num_batches:
                return values
            stop_if_asked(self._reporter)

    def _measure(self, first: int, count: int, state: State) -> tuple[Values, State]:
        if self._samples is not None:
            return self._program.run(self._samples, first, count, state)
        rows = slice(first * BATCH_SIZE, (first + count) * BATCH_SIZE)
        return self._program.run(tuple(tf.constant(column[rows]) for column in self._columns), 0, count, state)
