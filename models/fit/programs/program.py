"""What a fit asks of a training program."""

from dataclasses import dataclass
from typing import Protocol

from models.fit.meter import State, Values
from models.fit.ordering import StepOrder


@dataclass(frozen=True, slots=True)
class StepsTaken:
    """What some steps measured.

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
