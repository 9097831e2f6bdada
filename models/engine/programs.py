"""The TensorFlow programs that train and evaluate many steps in one call."""

from collections.abc import Sequence
from typing import Any

from models.engine.arrays import Arrays
from models.engine.meter import Meter, State
from models.engine.ordering import StepOrder
from models.engine.values import Values
from models.runtime import tf

EVALUATION_BATCH = 256
"""Samples at once where nothing is learned: the numbers do not depend on it, the speed does."""


class TrainingProgram:
    """Runs training steps in a graph: the data stays on the device, only row numbers go in and values come out.

    The batch axis is left open, so that a smaller last batch needs no second program.
    """

    def __init__(self, network: Any, optimizer: Any, loss: Any, meter: Meter, arrays: Arrays) -> None:
        self._network = network
        self._optimizer = optimizer
        self._loss = loss
        self._meter = meter
        self._inputs = tf.constant(arrays.inputs)
        self._targets = tf.constant(arrays.targets)
        self._running: State = meter.zero()
        optimizer.build(network.trainable_variables)
        signature = [
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None], tf.bool),
            [tf.TensorSpec(part.shape, part.dtype) for part in self._running],
        ]
        self._steps = tf.function(self._take_steps, input_signature=signature, autograph=False)

    def compile(self) -> None:
        """Build the graph now, not in the first call."""
        self._steps.get_concrete_function()

    def run(self, order: StepOrder) -> tuple[Values, Values]:
        """Take these steps.

        Returns:
            Two arrays (steps, len(meter.names)): the values of each step's batch before its update, and of its
            epoch up to and including it.
        """
        values, epoch_values, self._running = self._steps(
            tf.constant(order.rows), tf.constant(order.offsets), tf.constant(order.begins_epoch), self._running
        )
        return values.numpy(), epoch_values.numpy()

    def _take_steps(self, rows: Any, offsets: Any, begins_epoch: Any, running: State) -> tuple[Any, Any, State]:
        num_steps = tf.shape(begins_epoch)[0]

        def take_step(step: Any, running: State, values: Any, epoch_values: Any) -> tuple[Any, State, Any, Any]:
            batch = rows[offsets[step] : offsets[step + 1]]
            state = self._learn(tf.gather(self._inputs, batch), tf.gather(self._targets, batch))
            running = [
                tf.where(begins_epoch[step], part, total + part) for part, total in zip(state, running, strict=True)
            ]
            values = values.write(step, self._meter.values(state))
            return step + 1, running, values, epoch_values.write(step, self._meter.values(running))

        _, running, values, epoch_values = tf.while_loop(
            lambda step, *_: step < num_steps,
            take_step,
            (0, running, _column(num_steps, self._meter), _column(num_steps, self._meter)),
            parallel_iterations=1,
        )
        return values.stack(), epoch_values.stack(), running

    def _learn(self, inputs: Any, targets: Any) -> State:
        with tf.GradientTape() as tape:
            outputs = self._network(inputs, training=True)
            loss = _total_loss(self._network, self._loss, targets, outputs)
        variables = self._network.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        return self._meter.measure(loss, targets, outputs)


class EvaluationProgram:
    """Measures samples without learning, some batches a call; one graph for whatever samples it is given.

    Args:
        network: A keras.Model.
        loss: Keras's.
        meter: What to measure.
        like: Samples shaped as those to be measured.
    """

    def __init__(self, network: Any, loss: Any, meter: Meter, like: Arrays) -> None:
        self._network = network
        self._loss = loss
        self._meter = meter
        signature = [
            tf.TensorSpec([None, *like.inputs.shape[1:]], tf.float32),
            tf.TensorSpec([None, *like.targets.shape[1:]], like.targets.dtype),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.int32),
            [tf.TensorSpec(part.shape, part.dtype) for part in meter.zero()],
        ]
        self._batches = tf.function(self._measure_batches, input_signature=signature, autograph=False)

    def run(self, inputs: Any, targets: Any, first: int, count: int, state: State) -> tuple[Values, State]:
        """Measure `count` batches of the samples from batch `first` on, adding to `state`.

        Returns:
            The values (len(meter.names),) of all that `state` has seen, and the new state.
        """
        values, state = self._batches(inputs, targets, tf.constant(first), tf.constant(first + count), state)
        return values.numpy(), state

    def _measure_batches(self, inputs: Any, targets: Any, first: Any, end: Any, state: State) -> tuple[Any, State]:
        def measure_batch(batch: Any, state: State) -> tuple[Any, State]:
            # Past the last sample a slice simply ends.
            rows = slice(batch * EVALUATION_BATCH, (batch + 1) * EVALUATION_BATCH)
            outputs = self._network(inputs[rows], training=False)
            loss = _total_loss(self._network, self._loss, targets[rows], outputs)
            measured = self._meter.measure(loss, targets[rows], outputs)
            return batch + 1, [total + part for total, part in zip(state, measured, strict=True)]

        _, state = tf.while_loop(lambda batch, *_: batch < end, measure_batch, (first, state), parallel_iterations=1)
        return self._meter.values(state), state


def _total_loss(network: Any, loss: Any, targets: Any, outputs: Any) -> Any:
    """The loss of the outputs and what regularizers add to it."""
    penalties: Sequence[Any] = network.losses
    return tf.add_n([loss(targets, outputs), *penalties])


def _column(num_steps: Any, meter: Meter) -> Any:
    return tf.TensorArray(tf.float32, size=num_steps, element_shape=(len(meter.names),))
