"""One step as a graph, called again and again, with the data on the device."""

from typing import Any

from models.fit.meter import State
from models.fit.ordering import StepOrder
from models.fit.programs.learning import Learner
from models.fit.programs.loop import add_step, join_values, split_state
from models.fit.programs.program import StepsTaken
from models.fit.programs.resident import Resident
from models.runtime import tf


class SingleSteps:
    """Where one step is so much work that nothing is won by a loop around it.

    A loop in a graph runs its body's operations under a scheduler of its own, which keeps some of them from running
    side by side; and big steps are better left one by one when memory is scarce.
    """

    max_steps = 1 << 12
    num_operations = 0

    def __init__(self, learner: Learner, resident: Resident) -> None:
        self._learner = learner
        self._resident = resident
        signature = [
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([], tf.bool),
            [tf.TensorSpec(part.shape, part.dtype) for part in learner.meter.zero()],
        ]
        self._step = tf.function(self._take_step, input_signature=signature, autograph=False)

    def compile(self) -> None:
        """Build the graph."""
        self._step.get_concrete_function()

    def run(self, order: StepOrder, running: State) -> StepsTaken:
        """Take these steps, adding to the state of the epoch under way."""
        values, epoch_values = [], []
        places = self._resident.places(order.rows)
        for number, begins_epoch in enumerate(order.begins_epoch):
            rows = tf.constant(places[order.offsets[number] : order.offsets[number + 1]])
            of_step, of_epoch, running = self._step(rows, tf.constant(begins_epoch), running)
            values.append(of_step)
            epoch_values.append(of_epoch)
        # Fetched together at the end: to wait for each would keep the next one from being sent to the device.
        return StepsTaken(tf.stack(values).numpy(), tf.stack(epoch_values).numpy(), running)

    def _take_step(self, rows: Any, begins_epoch: Any, running: State) -> tuple[Any, Any, State]:
        meter = self._learner.meter
        state, recorded = split_state(self._learner.learn(self._resident.take(rows)), running)
        running = add_step(running, state, begins_epoch)
        return join_values(meter.values(state), recorded), meter.values(running), running
