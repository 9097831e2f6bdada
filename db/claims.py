"""The lease protocol, by which workers claim, hold and end runs.

One conditional UPDATE claims a run. The number of the attempt is the fencing token: everything an attempt writes
comes after an UPDATE that renews its lease `WHERE id AND attempt AND state = 'running'`, in the same transaction. If
that finds no row the attempt is fenced (AttemptFenced) and writes nothing. Only the database's clock decides leases.

Every function may be called again after a commit whose outcome is unknown.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts import Artifact
from core.checkpoints import Checkpoint
from core.notices import Notice, limit_notices
from core.progress import MetricBatch, Progress
from core.quotas import UNLIMITED
from core.run_report import EngineReport, Environment, RunError
from core.run_state import RunState
from db import artifacts as artifact_rows
from db import checkpoints, fair_shares, metrics, model_versions
from db.attempts import Heartbeat, claim_oldest, end_attempt, end_with_error, hold, hold_to_end, send_back, write
from db.documents import replace_unstorable
from db.fair_shares import Turn
from db.job_tables import RUNS
from db.records.jobs import AttemptOutcome
from db.records.registry import ModelVersionRecord
from db.records.runs import RunRecord
from db.resuming import go_back
from db.statements import database_now


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this worker owns until its lease ends.

    Attributes:
        attempt: The fencing token, to be passed with every write.
        spec: As normalised by core.specs.
        warnings: Warnings that were known before training.
        queue_seconds: Time since it was last queued.
        checkpoint: Checkpoint to go on from; None to begin from the start.
        traceparent: Trace context of the request that submitted it.
    """

    run_id: UUID
    attempt: int
    max_attempts: int
    owner: str
    experiment: str
    model_name: str
    preset: str | None
    spec: dict[str, Any]
    seed: int
    queue_seconds: float
    lease_expires_at: datetime
    warnings: tuple[Notice, ...] = ()
    traceparent: str | None = None
    checkpoint: Checkpoint | None = None


def claim_run(
    session: Session, *, owner: str, lease_seconds: float, running_limit: int = UNLIMITED
) -> ClaimedRun | None:
    """Claim the next run, in the order of db/fair_shares.py, and begin a new attempt at it.

    The attempt goes on from the newest checkpoint. The points of curves after it are deleted, as are progress and
    warnings of the previous attempt: a curve never has a point that the attempt is to measure again.

    Args:
        session: Session of a transaction.
        owner: Name of the worker.
        lease_seconds: Duration of the lease.
        running_limit: Most running runs of a submitter without a limit of its own; 0 for any number.

    Returns:
        None when no run is queued that may be started.
    """
    passed_over: list[str] = []
    while (turn := fair_shares.find_turn(session, running_limit, passed_over)) is not None:
        with session.begin_nested() if turn.running_limit else nullcontext() as savepoint:
            if fair_shares.hold_turn(session, turn):
                claimed = _claim(session, turn, owner, lease_seconds)
                if claimed is not None:
                    return claimed
            elif savepoint is not None:
                # Its lock ends, so that no two claims ever wait for each other.
                savepoint.rollback()
        # Others are claiming all its runs at this moment, or have used up its quota.
        passed_over.append(turn.submitter)
    return None


def _claim(session: Session, turn: Turn, owner: str, lease_seconds: float) -> ClaimedRun | None:
    job = RunRecord
    columns = (
        *(job.id, job.attempt, job.max_attempts, job.experiment, job.model_name, job.preset, job.spec, job.seed),
        *(job.queued_at, job.started_at, job.lease_expires_at, job.spec_warnings, job.traceparent),
    )
    emptied = dict.fromkeys(("device", "environment", "phases", "engine", "attempt_warnings"))
    values: dict[str, Any] = {"latest_metrics": {}, **emptied}
    run = claim_oldest(session, RUNS, columns, owner=owner, lease_seconds=lease_seconds, values=values, among=turn.runs)
    if run is None:
        return None
    fair_shares.end_turn(session, turn)
    checkpoint = checkpoints.find_newest(session, run.id)
    if run.attempt > 1 or checkpoint is not None:
        checkpoint = go_back(session, run.id, run.attempt, checkpoint)
    return ClaimedRun(
        run_id=run.id,
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        owner=owner,
        experiment=run.experiment,
        model_name=run.model_name,
        preset=run.preset,
        spec=run.spec,
        seed=run.seed,
        queue_seconds=(run.started_at - run.queued_at) / timedelta(seconds=1),
        lease_expires_at=run.lease_expires_at,
        warnings=run.spec_warnings or (),
        traceparent=run.traceparent,
        checkpoint=checkpoint,
    )


def renew_lease(session: Session, run_id: UUID, attempt: int, lease_seconds: float) -> Heartbeat:
    """Renew the lease for another `lease_seconds` from now.

    Raises:
        AttemptFenced: If the attempt does not own the run any more.
    """
    held = hold(session, RUNS, run_id, attempt, lease_seconds)
    return held.heartbeat


def record_progress(
    session: Session,
    run_id: UUID,
    attempt: int,
    lease_seconds: float,
    *,
    progress: Progress | None = None,
    batches: Sequence[MetricBatch] = (),
    latest_metrics: Mapping[str, float] | None = None,
    is_at_work: bool = False,
) -> Heartbeat:
    """Renew the lease, and store the attempt's progress and metrics.

    Points of `batches` that were stored before are overwritten. The last value of each batch becomes the run's latest
    value of its key; `latest_metrics` are merged in after them. A supervisor that is at work itself, not its trainer,
    makes progress by that.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    held = hold(session, RUNS, run_id, attempt, lease_seconds)
    changes: dict[str, Any] = {}
    if progress is not None and asdict(progress) != held.progress:
        changes["progress"] = asdict(progress)
    values = {batch.key: float(batch.values[-1]) for batch in batches if len(batch)} | dict(latest_metrics or {})
    if values:
        changes["latest_metrics"] = _merge_metrics(session, run_id, values)
    if changes or is_at_work:
        # A report that repeats the previous one shows that the supervisor is alive, not that the trainer progresses.
        write(session, held, changes | {"progress_at": database_now()})
    metrics.append(session, run_id, batches)
    return held.heartbeat


def record_details(
    session: Session,
    run_id: UUID,
    attempt: int,
    lease_seconds: float,
    *,
    device: str | None = None,
    environment: Environment | None = None,
    engine: EngineReport | None = None,
    warnings: Sequence[Notice] | None = None,
) -> Heartbeat:
    """Renew the lease, and store details of the attempt; None leaves a value unchanged.

    `warnings` are all that the attempt has found so far.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    held = hold(session, RUNS, run_id, attempt, lease_seconds)
    details = {
        "device": replace_unstorable(device),
        "environment": environment,
        "engine": engine,
        "attempt_warnings": None if warnings is None else limit_notices(warnings),
    }
    given = {name: value for name, value in details.items() if value is not None}
    if given:
        write(session, held, given)
    return held.heartbeat


def release_run(
    session: Session,
    run_id: UUID,
    attempt: int,
    *,
    reason: str,
    count_as_crash: bool = False,
    artifacts: Sequence[Artifact] = (),
    outcome: AttemptOutcome = AttemptOutcome.RELEASED,
) -> RunState:
    """Release a run without a result.

    With `count_as_crash` the attempt counts against max_attempts, unless it came further than all before: a lost
    trainer does, a drain does not. The reason is stored with the attempt, and with the run if it fails; so are
    artifacts such as the log. `outcome` is that of an attempt that did not crash.

    Returns:
        queued; paused or cancelled if that was requested; failed if this was the last crash allowed.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    ends = (RunState.QUEUED, RunState.PAUSED, RunState.CANCELLED, RunState.FAILED)
    held = hold_to_end(session, RUNS, run_id, attempt, *ends)
    if isinstance(held, RunState):
        return held
    artifact_rows.replace(session, run_id, attempt, artifacts)
    if count_as_crash:
        outcome = AttemptOutcome.CRASHED
    return send_back(session, held, outcome, reason, count_as_crash=count_as_crash)


def finish_run(
    session: Session,
    run_id: UUID,
    attempt: int,
    *,
    artifacts: Sequence[Artifact],
    phases: Mapping[str, float],
    latest_metrics: Mapping[str, float] | None = None,
) -> int | None:
    """End a run as succeeded: artifacts, final metrics, next model version and state are stored together or not at all.

    The artifacts are in the store already. `phases` are seconds by phase; `latest_metrics`, the final values by key,
    are merged into those of the run. Of its checkpoints the newest and the best are kept; the files of the others may
    be deleted after the commit.

    Returns:
        The number of the model version; a repeated call returns the same number, or None once that is deleted.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    held = hold_to_end(session, RUNS, run_id, attempt, RunState.SUCCEEDED)
    if isinstance(held, RunState):
        here = ModelVersionRecord.run_id == run_id
        return session.scalars(select(ModelVersionRecord.version).where(here)).one_or_none()
    checkpoints.prune(session, run_id, num_kept=1)
    artifact_rows.replace(session, run_id, attempt, artifacts)
    model_name = session.scalars(select(RunRecord.model_name).where(RunRecord.id == run_id)).one()
    version = model_versions.register(session, model_name, run_id, artifacts)
    values = {
        "model_version": version,
        "phases": dict(phases),
        "latest_metrics": _merge_metrics(session, run_id, latest_metrics or {}),
    }
    end_attempt(session, held, RunState.SUCCEEDED, AttemptOutcome.SUCCEEDED, values=values)
    return version


def fail_run(
    session: Session,
    run_id: UUID,
    attempt: int,
    *,
    error: RunError,
    artifacts: Sequence[Artifact] = (),
    phases: Mapping[str, float] | None = None,
) -> RunState:
    """End an attempt with an error, and the run as failed unless core/retry_policy.py has it tried again.

    The error gets the number of the attempt.

    Returns:
        failed; queued or paused if another attempt follows; cancelled if that was requested of a run that would be
        tried again.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    ends = (RunState.FAILED, RunState.QUEUED, RunState.PAUSED, RunState.CANCELLED)
    held = hold_to_end(session, RUNS, run_id, attempt, *ends)
    if isinstance(held, RunState):
        return held
    artifact_rows.replace(session, run_id, attempt, artifacts)
    values = {"phases": dict(phases)} if phases is not None else None
    return end_with_error(session, held, error, values=values)


def cancel_running(
    session: Session,
    run_id: UUID,
    attempt: int,
    *,
    artifacts: Sequence[Artifact] = (),
    phases: Mapping[str, float] | None = None,
) -> None:
    """End a run as cancelled, once its trainer has stopped.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; nothing is written.
    """
    held = hold_to_end(session, RUNS, run_id, attempt, RunState.CANCELLED)
    if isinstance(held, RunState):
        return
    artifact_rows.replace(session, run_id, attempt, artifacts)
    values = {"phases": dict(phases)} if phases is not None else None
    end_attempt(session, held, RunState.CANCELLED, AttemptOutcome.CANCELLED, values=values)


def _merge_metrics(session: Session, run_id: UUID, values: Mapping[str, float]) -> dict[str, Any]:
    """Return the latest metrics of a held run with others merged in."""
    known = session.scalars(select(RunRecord.latest_metrics).where(RunRecord.id == run_id)).one()
    merged: dict[str, Any] = replace_unstorable(known | dict(values))
    return merged
