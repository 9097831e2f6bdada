"""Interface of training programs, and the loop over steps in them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from models.fit.meter import State, Values
from models.fit.ordering import StepOrder
from models.fit.programs.learning import Learner
from models.runtime import tf


@dataclass(frozen=True, slots=True)
class StepsTaken:
    """Values of some steps.

    Attributes:
        values: (steps, names + recorded), values of the batch before the update, and recorded statistics.
        epoch_values: (steps, names), values of the epoch up to and including each step.
        running: State of the epoch after the last step.
    """

    values: Values
    epoch_values: Values
    running: State


class TrainingProgram(Protocol):
    """Program that takes any number of training steps per call.

    Attributes:
        max_steps: Most steps of one call.
        num_operations: Number of operations in its compiled graph; 0 if the first call builds it.
    """

    max_steps: int
    num_operations: int

    def compile(self) -> None:
        """Trace and compile the program as far as possible without taking a step."""

    def run(self, order: StepOrder, running: State) -> StepsTaken:
        """Take these steps, adding to the state of the current epoch."""


MAX_STEPS = 1 << 14
"""Most steps of one call."""


def take_steps(
    learner: Learner, learn: Callable[[Any], State], num_steps: Any, room: Any, begins_epoch: Any, running: State
) -> tuple[Any, Any, State]:
    """Take steps in a loop.

    Args:
        learner: Learner, whose meter converts states to values.
        learn: Takes the step of a number with the learner, and returns its state.
        num_steps: Number of steps.
        room: Number of rows in the results; those of steps not taken are zero.
        begins_epoch: (steps,), whether a step is the first of its epoch.
        running: State of the current epoch.

    Returns:
        The values and recorded statistics of each step (room, names + recorded), the values of its epoch so far
        (room, names), and the state of the epoch.
    """
    meter = learner.meter

    def take_step(step: Any, running: State, values: Any, epoch_values: Any) -> tuple[Any, State, Any, Any]:
        state, recorded = split_state(learn(step), running)
        running = add_step(running, state, tf.gather(begins_epoch, step))
        values = values.write(step, join_values(meter.values(state), recorded))
        return step + 1, running, values, epoch_values.write(step, meter.values(running))

    widths = (len(meter.names) + len(learner.recorded), len(meter.names))
    columns = [tf.TensorArray(tf.float32, size=room, element_shape=(width,)) for width in widths]
    _, running, values, epoch_values = tf.while_loop(
        lambda step, *_: step < num_steps, take_step, (0, running, *columns), parallel_iterations=1
    )
    return values.stack(), epoch_values.stack(), running


def split_state(parts: State, running: State) -> tuple[State, State]:
    """Split the result of a learner into the state of the step and recorded statistics."""
    return parts[: len(running)], parts[len(running) :]


def join_values(values: Any, recorded: State) -> Any:
    """Append recorded statistics, if any, to the values of a step."""
    return tf.concat([values, *recorded], axis=0) if recorded else values


def add_step(running: State, state: State, begins_epoch: Any) -> State:
    """Return the state of an epoch after one more step."""
    return [tf.where(begins_epoch, part, total + part) for part, total in zip(state, running, strict=True)]
