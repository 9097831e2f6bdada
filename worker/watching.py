"""Supervision of a trainer during a run: its reports, heartbeats, time limit, cancellation and drain."""

import logging
import threading
import time
from typing import assert_never

from core.settings import Settings
from worker.attempt import Attempt, Outcome
from worker.beats import Beats
from worker.messages import (
    DetailsReport,
    Failed,
    Finished,
    MetricsReport,
    PhaseReport,
    ProgressReport,
    Ready,
    Report,
    StartFailed,
)
from worker.trainer_process import TrainerProcess

logger = logging.getLogger("trainyard.worker")

LISTEN_SECONDS = 0.1
"""Longest wait for a report, and so the longest delay of a drain."""
SHORTEST_BEAT_SECONDS = 0.2
"""Shortest time between two writes of reports, well below the interval of heartbeats."""
MANY_POINTS = 1_000
"""Points that are stored without waiting for the next heartbeat."""


def watch(attempt: Attempt, trainer: TrainerProcess, settings: Settings, draining: threading.Event) -> Outcome:
    """Read a trainer's reports until the attempt is over; the caller stops the trainer and stores the outcome.

    Raises:
        TrainerLost: If the process ends without a final report.
        AttemptFenced: If the attempt does not own the run any more.
    """
    last_beat = 0.0
    with Beats(attempt) as beats:
        while True:
            report = trainer.next_report(LISTEN_SECONDS)
            outcome = _take(attempt, report)
            if outcome is not None:
                return outcome
            if draining.is_set():
                return Outcome.DRAINED
            if attempt.seconds > settings.run_timeout_seconds:
                attempt.note_failure(
                    "run_timeout",
                    f"The run took longer than {settings.run_timeout_seconds:g} s (TRAINYARD_RUN_TIMEOUT_SECONDS). "
                    "Train fewer epochs or a smaller network.",
                )
                return Outcome.FAILED
            heartbeat = beats.collect()
            if heartbeat is not None and heartbeat.cancel_requested:
                return Outcome.CANCELLED
            if not beats.is_busy and _is_due(attempt, beats, settings, time.monotonic() - last_beat):
                last_beat = time.monotonic()
                beats.begin()


def _is_due(attempt: Attempt, beats: Beats, settings: Settings, waited: float) -> bool:
    if waited >= settings.heartbeat_seconds or beats.has_failed:
        # A database that is away is asked again at the next heartbeat, however much waits for it.
        return waited >= settings.heartbeat_seconds
    is_worth_it = attempt.inbox.is_urgent or attempt.inbox.num_points >= MANY_POINTS
    return is_worth_it and waited >= SHORTEST_BEAT_SECONDS


def _take(attempt: Attempt, report: Report | None) -> Outcome | None:
    match report:
        case PhaseReport():
            attempt.note_phase(report.phase)
        case ProgressReport():
            attempt.inbox.note_progress(report.progress)
        case MetricsReport():
            attempt.inbox.note_metrics(report.batches)
        case DetailsReport():
            attempt.inbox.note_details(report)
        case Finished():
            attempt.note_result(report)
            return Outcome.FINISHED
        case Failed():
            attempt.note_failure(report.code, report.detail, report.problems)
            return Outcome.FAILED
        case Ready() | StartFailed():
            logger.warning("The trainer sent '%s' in the middle of a run.", report.kind)
        case None:
            pass
        case _:
            assert_never(report)
    return None
