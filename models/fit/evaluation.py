"""Evaluation of held-out samples."""

import math
from time import perf_counter
from typing import Any

from models.evaluation.tallies import HeldOut, MakeTally
from models.fit.arrays import Arrays, Batch
from models.fit.meter import Meter, State, Values
from models.fit.pacing import Pacer
from models.fit.programs.executors import Executor, LoopFunction
from models.fit.programs.learning import Learner
from models.reporting import Reporter, stop_if_asked
from models.runtime import tf

BATCH_SIZE = 256
"""Batch size of evaluation; it affects the speed only."""


class EvaluationProgram:
    """Program that evaluates some batches per call, with one graph for all samples.

    Args:
        learner: Learner of the network.
        like: Samples of the same shape as those to be evaluated.
        executor: Executor of the graph.
    """

    def __init__(self, learner: Learner, like: Arrays, executor: Executor) -> None:
        self._learner = learner
        signature = [
            tuple(tf.TensorSpec([None, *column.shape[1:]], column.dtype) for column in like.columns()),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.int32),
            [tf.TensorSpec(part.shape, part.dtype) for part in learner.meter.zero()],
        ]
        self._batches = LoopFunction(self._measure_batches, signature, executor)

    def run(self, samples: Batch, first: int, count: int, state: State) -> tuple[Values, State, Any]:
        """Evaluate `count` batches of the samples from batch `first`, adding to `state`.

        Returns:
            The values (len(meter.names),) of all batches in the new state, that state, and a tensor of the outputs
            (n, *output_shape) of these batches.
        """
        values, state, outputs = self._batches(samples, tf.constant(first), tf.constant(first + count), state)
        return values.numpy(), state, outputs

    def _measure_batches(self, samples: Batch, first: Any, end: Any, state: State) -> tuple[Any, State, Any]:
        def measure_batch(batch: Any, state: State, answers: Any) -> tuple[Any, State, Any]:
            # A slice ends at the last sample.
            rows = slice(batch * BATCH_SIZE, (batch + 1) * BATCH_SIZE)
            measured, outputs = self._learner.evaluate(tuple(part[rows] for part in samples))
            total = [whole + part for whole, part in zip(state, measured, strict=True)]
            return batch + 1, total, answers.write(batch - first, outputs)

        # The last batch may be shorter than the others.
        shape = (None, *self._learner.network.output_shape[1:])
        answers = tf.TensorArray(tf.float32, size=end - first, element_shape=shape, infer_shape=False)
        _, state, answers = tf.while_loop(
            lambda batch, *_: batch < end, measure_batch, (first, state, answers), parallel_iterations=1
        )
        return self._learner.meter.values(state), state, answers.concat()


MOST_OUTPUTS = 16 * 1024 * 1024
"""Most output numbers of one call: 64 MiB."""


class Evaluation:
    """Evaluation of a network on some samples, which may be repeated and stopped.

    Args:
        program: Program that evaluates some batches.
        meter: Loss and metrics.
        arrays: Samples.
        output_shape: Output shape of the network for one sample.
        make_tally: Makes a tally of predictions; None without tallies.
        reporter: Asked between calls whether to stop.
        is_resident: Whether the samples are on the device; if not, each call sends its own.

    Attributes:
        counted: Results of the last evaluation with a tally; None before one.
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
        """Evaluate all samples, and return loss and metrics: (len(meter.names),).

        Args:
            is_counted: Whether to tally the predictions.

        Raises:
            TrainingStopped: If the reporter asked to stop.
        """
        batch, state = 0, self._meter.zero()
        tally = self._make_tally(len(self._arrays)) if is_counted and self._make_tally is not None else None
        while True:
            amount = self._pacer.next_amount(min(self._num_batches - batch, self._most_batches))
            started = perf_counter()
            values, state, outputs = self._measure(batch, amount, state)
            if tally is not None:
                tally.add(self._arrays.reported_targets[_rows(batch, amount)], outputs.numpy())
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
