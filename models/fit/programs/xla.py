"""Many steps as one XLA program, with the samples on the device."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.checks.length import FitLength
from models.fit.arrays import Resident
from models.fit.meter import State
from models.fit.ordering import StepOrder
from models.fit.plans.cache import forget_compiled_programs
from models.fit.programs.learning import Learner
from models.fit.programs.program import MAX_STEPS, StepsTaken, take_steps
from models.fit.programs.tracing import masks_as_in_a_graph
from models.runtime import tf

MAX_ROWS = 1 << 20
"""Row numbers that go in with one call: 4 MiB."""

BROKEN_FILE = (tf.errors.DataLossError, tf.errors.OutOfRangeError)
"""What XLA raises when a program that it kept on disk cannot be read."""


class XlaEpochs:
    """The same loop as one XLA program, whose shapes are fixed.

    There is room for `max_steps` steps of whole batches; how many are taken is a number that goes in. The smaller
    last batch of a pass, where there is one, is a branch of its own.
    """

    num_operations = 0

    def __init__(self, learner: Learner, resident: Resident, length: FitLength) -> None:
        self._learner = learner
        self._resident = resident
        self._batch_size = length.batch_size
        self._last_batch_size = length.num_samples % length.batch_size
        # Powers of two, so that runs of about the same length share what XLA keeps on disk.
        room = min(MAX_STEPS, max(1, MAX_ROWS // length.batch_size))
        self.max_steps = min(1 << (length.num_steps - 1).bit_length(), 1 << (room.bit_length() - 1))
        self._steps = self._function()

    def compile(self) -> None:
        """Trace and compile, taking no step."""
        none = StepOrder(0, np.zeros(0, np.int32), np.zeros(1, np.int32), np.zeros(0, np.bool_))
        with masks_as_in_a_graph():
            try:
                self._call(none, self._learner.meter.zero())
            except BROKEN_FILE:
                forget_compiled_programs()
                # A function that could not be compiled is not tried again, another one like it is.
                self._steps = self._function()
                self._call(none, self._learner.meter.zero())

    def run(self, order: StepOrder, running: State) -> StepsTaken:
        """Take these steps, adding to the state of the epoch under way."""
        return self._call(order, running)

    def _function(self) -> Any:
        return tf.function(self._take_steps, autograph=False, jit_compile=True)

    def _call(self, order: StepOrder, running: State) -> StepsTaken:
        values, epoch_values, running = self._steps(
            tf.constant(self._lay_out(order)),
            tf.constant(_filled(np.diff(order.offsets) == self._batch_size, self.max_steps)),
            tf.constant(_filled(order.begins_epoch, self.max_steps)),
            tf.constant(len(order)),
            running,
        )
        return StepsTaken(values.numpy()[: len(order)], epoch_values.numpy()[: len(order)], running)

    def _lay_out(self, order: StepOrder) -> npt.NDArray[np.int32]:
        """Row numbers by step: (max_steps, batch_size), a smaller batch filled up with zeros."""
        if not self._resident.is_gathered:
            return np.zeros((self.max_steps, 0), np.int32)
        rows = np.zeros((self.max_steps, self._batch_size), np.int32)
        sizes = np.diff(order.offsets)
        rows[: len(order)][np.arange(self._batch_size) < sizes[:, None]] = self._resident.places(order.rows)
        return rows

    def _take_steps(
        self, rows: Any, is_whole: Any, begins_epoch: Any, num_steps: Any, running: State
    ) -> tuple[Any, Any, State]:
        def learn(step: Any) -> State:
            # XLA would take a slice whose start it does not know for one to compile anew each time, a gather not.
            batch = tf.gather(rows, step)

            def learn_rows(size: int) -> State:
                return self._learner.learn(self._resident.take(batch[:size]))

            if not self._last_batch_size:
                return learn_rows(self._batch_size)
            parts: State = tf.cond(
                tf.gather(is_whole, step),
                lambda: learn_rows(self._batch_size),
                lambda: learn_rows(self._last_batch_size),
            )
            return parts

        return take_steps(self._learner, learn, num_steps, self.max_steps, begins_epoch, running)


def _filled(flags: npt.NDArray[np.bool_], size: int) -> npt.NDArray[np.bool_]:
    return np.concatenate([flags, np.zeros(size - len(flags), np.bool_)])
