"""Measuring samples that are not learned from."""

from time import perf_counter

from models.engine.arrays import Arrays
from models.engine.meter import Meter
from models.engine.pacing import Pacer
from models.engine.programs.evaluation import BATCH_SIZE, EvaluationProgram
from models.engine.values import Values
from models.reporting import Reporter, stop_if_asked
from models.runtime import tf


class Evaluation:
    """Evaluates a network on some samples, as often as asked, asking the reporter in between whether to stop."""

    def __init__(self, program: EvaluationProgram, meter: Meter, arrays: Arrays, reporter: Reporter) -> None:
        self._program = program
        self._meter = meter
        self._samples = tuple(tf.constant(column) for column in arrays.columns())
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
            values, state = self._program.run(self._samples, batch, amount, state)
            self._pacer.took(amount, perf_counter() - started)
            batch += amount
            if batch >= self._num_batches:
                return values
            stop_if_asked(self._reporter)
