"""Training programs: what a fit asks of one, and the loop over steps inside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from models.fit.meter import State, Values
from models.fit.ordering import StepOrder
from models.fit.programs.learning import Learner
from models.runtime import tf


@dataclass(frozen=True, slots=True)
class StepsTaken:
    """Measurements of some steps.

    Attributes:
        values: (steps, names + recorded): of each step's batch before its update, and what is recorded of the step.
        epoch_values: (steps, names): of its epoch up to and including it.
        running: The state of the epoch after the last of them.
    """

    values: Values
    epoch_values: Values
    running: State


class TrainingProgram(Protocol):
    """Takes training steps; every call may take other numbers of them.

    Attributes:
        max_steps: As many as one call takes.
        num_operations: In its graph, once it is compiled; 0 where the graph comes with the first call.
    """

    max_steps: int
    num_operations: int

    def compile(self) -> None:
        """Do now what the first call would else do first, as far as that needs no step to be taken."""

    def run(self, order: StepOrder, running: State) -> StepsTaken:
        """Take these steps, adding to the state of the epoch under way."""


MAX_STEPS = 1 << 14
"""Steps whose values come out of one call."""


def take_steps(
    learner: Learner, learn: Callable[[Any], State], num_steps: Any, room: Any, begins_epoch: Any, running: State
) -> tuple[Any, Any, State]:
    """Learn step after step.

    Args:
        learner: Whose meter turns states into values.
        learn: Takes the step of a number, by that learner, and gives its state.
        num_steps: How many to take.
        room: Steps there is room for in what comes out; those not taken are zero.
        begins_epoch: (steps,): whether a step is the first of its epoch.
        running: The state of the epoch under way.

    Returns:
        The values of each step and what is recorded of it (room, names + recorded), those of its epoch so far
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
    """Split what a learner gives for a step: its state, as long as that of the epoch, and what is recorded."""
    return parts[: len(running)], parts[len(running) :]


def join_values(values: Any, recorded: State) -> Any:
    """The values of a step with what is recorded behind them; nothing is added to a program that records nothing."""
    return tf.concat([values, *recorded], axis=0) if recorded else values


def add_step(running: State, state: State, begins_epoch: Any) -> State:
    """The state of an epoch after one more step."""
    return [tf.where(begins_epoch, part, total + part) for part, total in zip(state, running, strict=True)]
