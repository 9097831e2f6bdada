"""Events of a run: what its listeners are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.curves.points import Points
from core.progress import Progress
from core.run_report import RunError
from core.run_state import RunState
from core.workers import WaitingFor


@dataclass(frozen=True, slots=True)
class StateEvent:
    """The run has another state, or was asked to stop; or this is its state as a listener arrives.

    Attributes:
        outcome: Outcome of the attempt that has ended, in an event that queues the run again or pauses it.
        detail: Reason for that outcome.
        waiting_for: Reason for which a queued run waits, if it is known.
    """

    state: RunState
    attempt: int
    max_attempts: int
    is_cancelling: bool
    at: datetime
    outcome: str | None = None
    detail: str | None = None
    waiting_for: WaitingFor | None = None


@dataclass(frozen=True, slots=True)
class RestartEvent:
    """An attempt begins that does again what an earlier one has done: points are withdrawn.

    Attributes:
        attempt: Number of the attempt that begins.
        withdrawn_after_step: Step of the checkpoint that it goes on from: points after it are withdrawn; None for all.
    """

    attempt: int
    at: datetime
    withdrawn_after_step: int | None = None


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """Progress of the attempt.

    Attributes:
        fraction: Fraction of finished steps, 0 to 1.
        eta_seconds: Estimated time to the end of training; None if there is no estimate.
    """

    attempt: int
    progress: Progress
    fraction: float
    eta_seconds: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class NewPoints:
    """Points of one curve that are new to the listener.

    Attributes:
        points: The points, or some of them.
        num_new: Number of points that are new.
    """

    key: str
    points: Points
    num_new: int


@dataclass(frozen=True, slots=True)
class MetricsEvent:
    """New points of curves."""

    attempt: int
    series: Sequence[NewPoints]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Lines that were added to the log of an attempt.

    Attributes:
        offset: Place of the text in the log, in bytes.
    """

    attempt: int
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class EndEvent:
    """The run has ended. Nothing comes after this.

    Attributes:
        model_version: Number of the version that it registered.
    """

    state: RunState
    attempt: int
    at: datetime
    error: RunError | None
    model_name: str
    model_version: int | None


@dataclass(frozen=True, slots=True)
class DeletedEvent:
    """The run was deleted. Nothing comes after this."""


RunEvent = StateEvent | RestartEvent | ProgressEvent | MetricsEvent | LogEvent | EndEvent | DeletedEvent
