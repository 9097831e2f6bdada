"""Supervision of a trainer during a run: its reports, heartbeats, time limit, cancellation and drain."""

import logging
import threading
import time
from typing import assert_never

from core.errors import DatabaseUnavailable
from core.settings import Settings
from worker.attempt import Attempt, Outcome
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


def watch(attempt: Attempt, trainer: TrainerProcess, settings: Settings, draining: threading.Event) -> Outcome:
    """Read a trainer's reports until the attempt is over; the caller stops the trainer and stores the outcome.

    Raises:
        TrainerLost: If the process ends without a final report.
        AttemptFenced: If the attempt does not own the run any more.
    """
    last_beat = time.monotonic()
    has_stored_any = False
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
        waited = time.monotonic() - last_beat
        # The first reports of a run are stored at once: a user may be watching.
        is_due = waited >= settings.heartbeat_seconds or (
            attempt.has_unsaved_reports and (waited >= SHORTEST_BEAT_SECONDS or not has_stored_any)
        )
        if is_due:
            last_beat = time.monotonic()
            has_stored_any = has_stored_any or attempt.has_unsaved_reports
            if _is_cancelled(attempt):
                return Outcome.CANCELLED


def _is_cancelled(attempt: Attempt) -> bool:
    try:
        return attempt.beat().cancel_requested
    except DatabaseUnavailable as error:
        # Training continues and reports are kept. If the lease is lost meanwhile, the next beat that reaches the
        # database is fenced.
        logger.warning("Run %s: no heartbeat: %s", attempt.claimed.run_id, error.detail)
        return False


def _take(attempt: Attempt, report: Report | None) -> Outcome | None:
    match report:
        case PhaseReport():
            attempt.note_phase(report.phase)
        case ProgressReport():
            attempt.note_progress(report.progress)
        case MetricsReport():
            attempt.note_metrics(report.batches)
        case DetailsReport():
            attempt.note_details(report)
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
