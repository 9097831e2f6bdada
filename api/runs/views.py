"""Response bodies of runs, from their rows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from zlib import crc32

from api.artifacts.files import describe_artifact
from api.http.parameters import predict_path, run_path
from api.http.schemas import NoticeEntry, ProblemEntry
from api.runs.schemas import (
    Attempt,
    ModelVersionName,
    Run,
    RunError,
    RunLinks,
    RunMetric,
    RunProgress,
    RunSummary,
    RunWait,
)
from core.artifacts import Artifact
from core.progress import Progress, estimate_seconds_left, measure_fraction
from core.run_report import RunError as StoredError
from core.run_state import RunState
from core.workers import WaitingFor
from db.metrics import Summary
from db.records.jobs import AttemptBase
from db.records.runs import RunRecord


def run_etag(record: RunRecord, waiting_for: WaitingFor | None = None) -> str:
    """Return an ETag that changes with every field of the response."""
    if waiting_for is None:
        return f'W/"{record.revision}"'
    # The reason to wait can change although the run does not.
    wait = crc32(f"{waiting_for.kind} {waiting_for.detail}".encode())
    return f'W/"{record.revision}-{wait:08x}"'


def summarise(record: RunRecord, waiting_for: WaitingFor | None) -> RunSummary:
    """Return a run as an item of a list; does not load deferred columns."""
    return RunSummary(**_shared_fields(record, waiting_for))


def describe(
    record: RunRecord,
    waiting_for: WaitingFor | None,
    *,
    metrics: Sequence[Summary] = (),
    attempts: Sequence[AttemptBase] = (),
    artifacts: Sequence[Artifact] = (),
) -> Run:
    """Return a run in full."""
    return Run(
        **_shared_fields(record, waiting_for),
        warnings=[NoticeEntry.of(notice) for notice in record.warnings],
        environment=record.environment,
        metrics={
            summary.key: RunMetric(
                last=summary.last,
                last_step=summary.last_step,
                min=summary.min,
                min_step=summary.min_step,
                max=summary.max,
                max_step=summary.max_step,
                best=summary.best,
                best_step=summary.best_step,
            )
            for summary in metrics
        },
        attempts=[
            Attempt(
                number=attempt.number,
                owner=attempt.owner,
                started_at=attempt.started_at,
                ended_at=attempt.ended_at,
                outcome=attempt.outcome,
                detail=attempt.detail,
            )
            for attempt in attempts
        ],
        artifacts=[describe_artifact(artifact) for artifact in artifacts],
        spec=record.spec,
    )


def _shared_fields(record: RunRecord, waiting_for: WaitingFor | None) -> dict[str, Any]:
    version = record.model_version
    wait = waiting_for if record.state == RunState.QUEUED else None
    return {
        "id": record.id,
        "experiment": record.experiment,
        "model": record.model_name,
        "preset": record.preset,
        "state": record.state,
        "waiting_for": None if wait is None else RunWait(kind=wait.kind, detail=wait.detail),
        "attempt": record.attempt,
        "max_attempts": record.max_attempts,
        "cancel_requested": record.cancel_requested_at is not None,
        "progress": _progress(record),
        "latest_metrics": record.latest_metrics,
        "device": record.device,
        "engine": record.engine,
        "phases": record.phases,
        "error": None if record.error is None else _error(record.error),
        "num_warnings": len(record.warnings),
        "model_version": None if version is None else ModelVersionName(name=record.model_name, version=version),
        "tags": record.tags,
        "notes": record.notes,
        "priority": record.priority,
        "submitted_by": record.submitted_by,
        "source_run_id": record.source_run_id,
        "created_at": record.created_at,
        "queued_at": record.queued_at,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "updated_at": record.updated_at,
        "links": _links(record),
    }


def _error(error: StoredError) -> RunError:
    return RunError(
        code=error.code,
        detail=error.detail,
        attempt=error.attempt,
        problems=[
            ProblemEntry(pointer=problem.pointer, detail=problem.detail, code=problem.code)
            for problem in error.problems
        ],
    )


def _links(record: RunRecord) -> RunLinks:
    path = run_path(record.id)
    version = record.model_version
    return RunLinks(
        self=path,
        metrics=f"{path}/metrics",
        history=f"{path}/metrics/history",
        logs=f"{path}/logs",
        artifacts=f"{path}/artifacts",
        environment=f"{path}/environment",
        evaluation=f"{path}/evaluation",
        code=f"{path}/code",
        predict=None if version is None else predict_path(record.model_name, version),
    )


def _progress(record: RunRecord) -> RunProgress | None:
    if record.progress is None:
        return None
    progress = Progress(**record.progress)
    fraction = measure_fraction(progress, has_succeeded=record.state == RunState.SUCCEEDED)
    return RunProgress(**asdict(progress), fraction=fraction, eta_seconds=_eta_seconds(record, fraction))


def _eta_seconds(record: RunRecord, fraction: float) -> float | None:
    """Estimate the remaining time.

    It counts from the time of the report, not from now, so that the response for an unchanged run stays the same.
    """
    if record.state != RunState.RUNNING or not record.started_at or not record.progress_at:
        return None
    return estimate_seconds_left((record.progress_at - record.started_at) / timedelta(seconds=1), fraction)
