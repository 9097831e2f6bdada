"""Supervision of a trainer during a run: its reports, heartbeats, time limit, cancellation and drain."""

import logging
import threading
import time
from typing import assert_never

from core.errors import CheckpointUnusable
from core.settings import Settings
from db.attempts import Heartbeat
from db.records.jobs import Interruption
from worker.attempt import Attempt, Outcome
from worker.beats import Beats
from worker.memory_watch import MemoryWatch
from worker.messages import (
    CheckpointFailed,
    CheckpointReport,
    DetailsReport,
    EndReport,
    Failed,
    Finished,
    MetricsReport,
    PhaseReport,
    ProgressReport,
    Ready,
    Report,
    StartFailed,
    Stopped,
)
from worker.trainer_process import TrainerProcess

logger = logging.getLogger("trainyard.worker")

INTERRUPTED = {Interruption.PAUSE: Outcome.PAUSED, Interruption.PREEMPTION: Outcome.PREEMPTED}

SAVE_SECONDS = 20.0
"""Longest time for the last checkpoint of an attempt that is to go on later."""
CANCEL_SECONDS = 1.0
"""Longest time for a trainer to stop by itself when its run is cancelled."""
LISTEN_SECONDS = 0.1
"""Longest wait for a report, and so the longest delay of a drain."""
SHORTEST_BEAT_SECONDS = 0.2
"""Shortest time between two writes of reports, well below the interval of heartbeats."""
MANY_POINTS = 1_000
"""Points that are stored without waiting for the next heartbeat."""


def watch(attempt: Attempt, trainer: TrainerProcess, settings: Settings, draining: threading.Event) -> Outcome:
    """Read a trainer's reports until the attempt is over; the caller ends a trainer that is not free.

    A trainer that is to stop writes a checkpoint and says so; if it takes too long, the attempt ends without it.

    Raises:
        TrainerLost: If the process ends without a final report.
        AttemptFenced: If the attempt does not own the run any more.
    """
    last_beat = 0.0
    memory = MemoryWatch(trainer, settings.run_max_memory_bytes)
    stop: Stop | None = None
    with Beats(attempt) as beats:
        while True:
            report = trainer.next_report(LISTEN_SECONDS)
            outcome = _take(attempt, report)
            if outcome is not None:
                return stop.outcome if outcome is Outcome.LOST and stop is not None else outcome
            attempt.collect_checkpoints()
            excess = memory.find_excess()
            if excess is not None:
                # At once: a trainer that were asked to stop would take more meanwhile.
                attempt.note_failure("memory_limit", excess)
                return Outcome.FAILED
            wanted = find_reason(beats.collect(), draining) or _find_time_limit(attempt, settings)
            if wanted is not None and (stop is None or stop.gives_way_to(wanted)):
                stop = Stop(wanted)
                trainer.stop_training(attempt.claimed.run_id, attempt.claimed.attempt)
            if stop is not None and stop.is_overdue:
                return stop.outcome
            if not beats.is_busy and _is_due(attempt, beats, settings, time.monotonic() - last_beat):
                last_beat = time.monotonic()
                beats.begin()


class Stop:
    """A trainer's time to stop.

    Args:
        outcome: Outcome of the attempt once it has stopped.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._deadline = time.monotonic() + (CANCEL_SECONDS if outcome is Outcome.CANCELLED else SAVE_SECONDS)

    @property
    def is_overdue(self) -> bool:
        """Return True if the trainer has not stopped in time."""
        return time.monotonic() > self._deadline

    def gives_way_to(self, wanted: Outcome) -> bool:
        """Return True if another reason, which has come meanwhile, is to be the outcome: nothing outlives a cancel."""
        return wanted is Outcome.CANCELLED and self.outcome is not Outcome.CANCELLED


def find_reason(heartbeat: Heartbeat | None, draining: threading.Event) -> Outcome | None:
    """Return the outcome for which an attempt is to stop now; None if it is to go on."""
    if heartbeat is not None and heartbeat.cancel_requested:
        return Outcome.CANCELLED
    if heartbeat is not None and heartbeat.interruption is not None:
        return INTERRUPTED[heartbeat.interruption]
    return Outcome.DRAINED if draining.is_set() else None


def _find_time_limit(attempt: Attempt, settings: Settings) -> Outcome | None:
    if attempt.seconds > settings.run_timeout_seconds:
        attempt.note_failure(
            "run_timeout",
            f"The run took longer than {settings.run_timeout_seconds:g} s (TRAINYARD_RUN_TIMEOUT_SECONDS). "
            "Train fewer epochs or a smaller network.",
        )
        return Outcome.FAILED
    return None


def _is_due(attempt: Attempt, beats: Beats, settings: Settings, waited: float) -> bool:
    if waited >= settings.heartbeat_seconds or beats.has_failed:
        # A database that is away is asked again at the next heartbeat, however much waits for it.
        return waited >= settings.heartbeat_seconds
    is_worth_it = attempt.inbox.is_urgent or attempt.inbox.num_points >= MANY_POINTS
    return is_worth_it and waited >= SHORTEST_BEAT_SECONDS


def _take(attempt: Attempt, report: Report | None) -> Outcome | None:
    """Take a report; return the outcome of the attempt if it is the last one."""
    match report:
        case Finished() | Stopped() | Failed():
            return _end(attempt, report)
        case PhaseReport():
            attempt.note_phase(report.phase)
        case ProgressReport():
            attempt.inbox.note_progress(report.progress)
        case MetricsReport():
            attempt.inbox.note_metrics(report.batches)
        case CheckpointReport():
            attempt.note_checkpoint(report.saved)
        case CheckpointFailed():
            attempt.note_failed_checkpoint(report.reason)
        case DetailsReport():
            attempt.inbox.note_details(report)
        case Ready() | StartFailed():
            logger.warning("The trainer sent '%s' in the middle of a run.", report.kind)
        case None:
            pass
        case _:
            assert_never(report)
    return None


def _end(attempt: Attempt, report: EndReport) -> Outcome:
    match report:
        case Finished():
            attempt.is_trainer_free = True
            attempt.note_result(report)
            return Outcome.FINISHED
        case Stopped():
            attempt.is_trainer_free = True
            # Whoever asked it to stop knows the outcome.
            return Outcome.LOST
        case Failed(code=CheckpointUnusable.code):
            attempt.is_trainer_free = True
            attempt.note_loss(report.detail)
            return Outcome.CHECKPOINT_UNUSABLE
        case Failed():
            attempt.is_trainer_free = report.is_expected
            attempt.note_failure(report.code, report.detail, report.problems)
            return Outcome.FAILED
        case _:
            assert_never(report)
