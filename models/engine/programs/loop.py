"""The loop over steps inside a program."""

from collections.abc import Callable
from typing import Any

from models.engine.meter import Meter, State
from models.runtime import tf


def take_steps(
    meter: Meter, learn: Callable[[Any], State], num_steps: Any, room: Any, begins_epoch: Any, running: State
) -> tuple[Any, Any, State]:
    """Learn step after step.

    Args:
        meter: Turns states into values.
        learn: Takes the step of a number and gives its state.
        num_steps: How many to take.
        room: Steps there is room for in what comes out; those not taken are zero.
        begins_epoch: (steps,): whether a step is the first of its epoch.
        running: The state of the epoch under way.

    Returns:
        The values of each step (room, names), those of its epoch so far (room, names), and the state of the epoch.
    """

    def take_step(step: Any, running: State, values: Any, epoch_values: Any) -> tuple[Any, State, Any, Any]:
        state = learn(step)
        running = add_step(running, state, tf.gather(begins_epoch, step))
        values = values.write(step, meter.values(state))
        return step + 1, running, values, epoch_values.write(step, meter.values(running))

    column = [tf.TensorArray(tf.float32, size=room, element_shape=(len(meter.names),)) for _ in range(2)]
    _, running, values, epoch_values = tf.while_loop(
        lambda step, *_: step < num_steps, take_step, (0, running, *column), parallel_iterations=1
    )
    return values.stack(), epoch_values.stack(), running


def add_step(running: State, state: State, begins_epoch: Any) -> State:
    """The state of an epoch after one more step."""
    return [tf.where(begins_epoch, part, total + part) for part, total in zip(state, running, strict=True)]
