"""Steps whose samples are read batch by batch, ahead of need, from data that does not fit on the device."""

from typing import Any

import numpy as np

from core.checks.length import FitLength
from models.fit.arrays import Arrays, Batch
from models.fit.meter import State
from models.fit.ordering import Ordering, StepOrder
from models.fit.programs.learning import Learner
from models.fit.programs.program import StepsTaken, take_steps
from models.runtime import tf

BATCHES_AHEAD = 8


class StreamedSteps:
    """tf.data gathers the batches on the host while the device computes; a loop in a graph takes several a call."""

    max_steps = 1 << 12
    num_operations = 0

    def __init__(self, learner: Learner, arrays: Arrays, ordering: Ordering, length: FitLength) -> None:
        self._learner = learner
        self._columns = arrays.columns()
        self._ordering = ordering
        self._num_steps = length.num_steps
        self._batches: Any = None
        self._next_step = 0
        self._steps = tf.function(self._take_steps, autograph=False, reduce_retracing=True)

    def compile(self) -> None:
        """Start to read; the graph is built with the first call, which brings the reader with it."""
        self._read_from(0)

    def run(self, order: StepOrder, running: State) -> StepsTaken:
        """Take these steps, adding to the state of the epoch under way."""
        if order.first != self._next_step:
            self._read_from(order.first)
        values, epoch_values, running = self._steps(self._batches, tf.constant(order.begins_epoch), running)
        self._next_step = order.first + len(order)
        return StepsTaken(values.numpy(), epoch_values.numpy(), running)

    def _read_from(self, step: int) -> None:
        specs = [tf.TensorSpec([None, *column.shape[1:]], column.dtype) for column in self._columns]

        def gather(number: Any) -> list[Any]:
            rows = self._ordering.steps(int(number), 1).rows
            return [np.take(column, rows, axis=0) for column in self._columns]

        def read(number: Any) -> Batch:
            batch = tf.numpy_function(gather, [number], [spec.dtype for spec in specs])
            return tuple(tf.ensure_shape(part, spec.shape) for part, spec in zip(batch, specs, strict=True))

        numbers = tf.data.Dataset.range(step, self._num_steps)
        self._batches = iter(numbers.map(read).prefetch(BATCHES_AHEAD))
        self._next_step = step

    def _take_steps(self, batches: Any, begins_epoch: Any, running: State) -> tuple[Any, Any, State]:
        num_steps = tf.shape(begins_epoch)[0]

        def learn(_: Any) -> State:
            return self._learner.learn(next(batches))

        return take_steps(self._learner, learn, num_steps, num_steps, begins_epoch, running)
