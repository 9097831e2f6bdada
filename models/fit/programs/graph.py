"""Programs in a TensorFlow graph, with the samples on the device: many steps a call, or one."""

from typing import Any

from models.fit.arrays import Resident
from models.fit.meter import State
from models.fit.ordering import StepOrder
from models.fit.programs.executors import Executor, LoopFunction
from models.fit.programs.learning import Learner
from models.fit.programs.program import MAX_STEPS, StepsTaken, add_step, join_values, split_state, take_steps
from models.runtime import tf


class GraphEpochs:
    """A loop over steps in a TensorFlow graph. The batch axis is open: a smaller last batch needs no other program."""

    max_steps = MAX_STEPS
    num_operations = 0

    def __init__(self, learner: Learner, resident: Resident, executor: Executor) -> None:
        self._learner = learner
        self._resident = resident
        signature = [
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None], tf.bool),
            [tf.TensorSpec(part.shape, part.dtype) for part in learner.meter.zero()],
        ]
        self._steps = LoopFunction(self._take_steps, signature, executor)

    def compile(self) -> None:
        """Build the graph."""
        self._steps.trace()
        self.num_operations = self._steps.num_operations

    def run(self, order: StepOrder, running: State) -> StepsTaken:
        """Take these steps, adding to the state of the epoch under way."""
        values, epoch_values, running = self._steps(
            tf.constant(self._resident.places(order.rows)),
            tf.constant(order.offsets),
            tf.constant(order.begins_epoch),
            running,
        )
        return StepsTaken(values.numpy(), epoch_values.numpy(), running)

    def _take_steps(self, rows: Any, offsets: Any, begins_epoch: Any, running: State) -> tuple[Any, Any, State]:
        num_steps = tf.shape(begins_epoch)[0]

        def learn(step: Any) -> State:
            return self._learner.learn(self._resident.take(rows[offsets[step] : offsets[step + 1]]))

        return take_steps(self._learner, learn, num_steps, num_steps, begins_epoch, running)


class SingleSteps:
    """One step a call, where a step is so much work that nothing is won by a loop around it.

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
