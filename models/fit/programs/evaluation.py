"""Measuring samples without learning."""

from typing import Any

from models.fit.arrays import Arrays
from models.fit.meter import State, Values
from models.fit.programs.executors import Executor, LoopFunction
from models.fit.programs.learning import Batch, Learner
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

    def run(self, samples: Batch, first: int, count: int, state: State) -> tuple[Values, State, Any]:
        """Measure `count` batches of the samples from batch `first` on, adding to `state`.

        Returns:
            The values (len(meter.names),) of all that `state` has seen, the new state, and a tensor of what the
            samples of these batches were answered (n, *output_shape).
        """
        values, state, outputs = self._batches(samples, tf.constant(first), tf.constant(first + count), state)
        return values.numpy(), state, outputs

    def _measure_batches(self, samples: Batch, first: Any, end: Any, state: State) -> tuple[Any, State, Any]:
        def measure_batch(batch: Any, state: State, answers: Any) -> tuple[Any, State, Any]:
            # Past the last sample a slice simply ends.
            rows = slice(batch * BATCH_SIZE, (batch + 1) * BATCH_SIZE)
            measured, outputs = self._learner.judge(tuple(part[rows] for part in samples))
            total = [whole + part for whole, part in zip(state, measured, strict=True)]
            return batch + 1, total, answers.write(batch - first, outputs)

        # The last batch may be shorter than the others.
        shape = (None, *self._learner.network.output_shape[1:])
        answers = tf.TensorArray(tf.float32, size=end - first, element_shape=shape, infer_shape=False)
        _, state, answers = tf.while_loop(
            lambda batch, *_: batch < end, measure_batch, (first, state, answers), parallel_iterations=1
        )
        return self._learner.meter.values(state), state, answers.concat()
