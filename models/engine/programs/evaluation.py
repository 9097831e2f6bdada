"""Measuring samples without learning."""

from typing import Any

from models.engine.arrays import Arrays
from models.engine.meter import State
from models.engine.programs.executors import Executor, LoopFunction
from models.engine.programs.learning import Batch, Learner
from models.engine.values import Values
from models.runtime import tf

BATCH_SIZE = 256
"""Samples at once where nothing is learned: the numbers do not depend on it, the speed does."""


class EvaluationProgram:
    """Measures some batches a call; one graph for whatever samples it is given.

    Args:
        learner: With the network.
        like: Samples shaped as those to be measured.
        executor: Runs it.
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

    def run(self, samples: Batch, first: int, count: int, state: State) -> tuple[Values, State]:
        """Measure `count` batches of the samples from batch `first` on, adding to `state`.

        Returns:
            The values (len(meter.names),) of all that `state` has seen, and the new state.
        """
        values, state = self._batches(samples, tf.constant(first), tf.constant(first + count), state)
        return values.numpy(), state

    def _measure_batches(self, samples: Batch, first: Any, end: Any, state: State) -> tuple[Any, State]:
        def measure_batch(batch: Any, state: State) -> tuple[Any, State]:
            # Past the last sample a slice simply ends.
            rows = slice(batch * BATCH_SIZE, (batch + 1) * BATCH_SIZE)
            measured = self._learner.judge(tuple(part[rows] for part in samples))
            return batch + 1, [total + part for total, part in zip(state, measured, strict=True)]

        _, state = tf.while_loop(lambda batch, *_: batch < end, measure_batch, (first, state), parallel_iterations=1)
        return self._learner.meter.values(state), state
