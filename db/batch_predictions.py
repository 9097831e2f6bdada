"""Queries of batch predictions: create, list, cancel and delete for clients; claim, report and end for workers.

They follow the lease protocol of db/claims.py. Every function of a worker may be called again after a commit whose
outcome is unknown.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from core.artifacts import Artifact
from core.batch_predictions import BatchPlan, BatchProgress, RefusedRow
from core.errors import Conflict, UnknownDatasetVersion, UnknownModel
from core.run_report import RunError
from core.run_state import TERMINAL_STATES, RunState
from core.served_models import ServedVersion
from db import job_tables
from db.attempts import Heartbeat, claim_oldest, end_attempt, end_with_error, hold, hold_to_end, send_back, write
from db.cursors import Page
from db.job_tables import BATCH_PREDICTIONS
from db.records.batch_predictions import BatchPredictionRecord
from db.records.datasets import DatasetVersionRecord
from db.records.jobs import AttemptBase, AttemptOutcome
from db.records.registry import ModelVersionRecord
from db.statements import database_now

NUM_NAMED = 10
"""Most batch predictions that an error names."""


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """A batch prediction that this worker owns until its lease ends.

    Attributes:
        attempt: The fencing token, to be passed with every write.
    """

    id: UUID
    attempt: int
    model_name: str
    model_version: int
    network_sha256: str
    signature_sha256: str
    dataset_name: str
    dataset_key: str
    plan: BatchPlan


def create(
    session: Session,
    *,
    model_name: str,
    version: ServedVersion,
    dataset: DatasetVersionRecord,
    plan: BatchPlan,
    max_attempts: int = 3,
) -> BatchPredictionRecord:
    """Queue a batch prediction. Until it has ended, neither the model version nor the dataset version can be deleted.

    Args:
        session: Session of a transaction.
        model_name: Name of the model.
        version: Its version, which has a network and a signature.
        dataset: Version of the dataset.
        plan: Checked against both.
        max_attempts: Lost attempts after which it fails.

    Raises:
        UnknownModel: If the model version was deleted meanwhile.
        UnknownDatasetVersion: If the dataset version was deleted meanwhile.
    """
    # Locked, so that neither can be deleted between these queries and the end of the transaction.
    model = (ModelVersionRecord.model_name == model_name, ModelVersionRecord.version == version.version)
    if (
        session.scalar(select(ModelVersionRecord.version).where(*model).with_for_update(read=True, key_share=True))
        is None
    ):
        raise UnknownModel(f"Version {version.version} of model '{model_name}' was deleted just now. Name another.")
    data = (
        DatasetVersionRecord.dataset_name == dataset.dataset_name,
        DatasetVersionRecord.version == dataset.version,
    )
    if (
        session.scalar(select(DatasetVersionRecord.version).where(*data).with_for_update(read=True, key_share=True))
        is None
    ):
        raise UnknownDatasetVersion(
            f"Version {dataset.version} of the dataset '{dataset.dataset_name}' was deleted just now. "
            "Name another version."
        )
    now = session.scalars(select(database_now())).one()
    record = BatchPredictionRecord(
        id=uuid7(),
        state=RunState.QUEUED,
        max_attempts=max_attempts,
        model_name=model_name,
        model_version=version.version,
        network_sha256=version.network_sha256,
        signature_sha256=version.signature_sha256,
        dataset_name=dataset.dataset_name,
        dataset_version=dataset.version,
        dataset_key=dataset.key,
        plan=plan,
        created_at=now,
        queued_at=now,
        updated_at=now,
    )
    session.add(record)
    session.flush()
    return record


def get(session: Session, batch_id: UUID) -> BatchPredictionRecord:
    """Return one batch prediction, read again from the database.

    Raises:
        UnknownBatchPrediction: If there is none.
    """
    return job_tables.get(session, BATCH_PREDICTIONS, batch_id)


def list_attempts(session: Session, batch_id: UUID) -> list[AttemptBase]:
    """Return every attempt at a batch prediction, first to last."""
    return job_tables.list_attempts(session, BATCH_PREDICTIONS, batch_id)


def list_page(
    session: Session,
    *,
    states: Collection[RunState] = (),
    model_name: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[BatchPredictionRecord]:
    """Return a page of batch predictions, newest first. An empty `states` means all of them.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    query = select(BatchPredictionRecord)
    if model_name is not None:
        query = query.where(BatchPredictionRecord.model_name == model_name)
    return job_tables.list_page(session, BATCH_PREDICTIONS, query, states=states, limit=limit, cursor=cursor)


def cancel(session: Session, batch_id: UUID) -> BatchPredictionRecord:
    """Cancel a queued batch prediction, or ask the attempt at a running one to stop at its next heartbeat.

    Raises:
        UnknownBatchPrediction: If there is none.
        IllegalMove: If it has succeeded or failed.
    """
    return job_tables.cancel(session, BATCH_PREDICTIONS, batch_id)


def delete(session: Session, batch_id: UUID) -> str | None:
    """Delete a batch prediction that has ended.

    Returns:
        The sha256 of its result, if it has one; others may have the same.

    Raises:
        UnknownBatchPrediction: If there is none.
        Conflict: If it has not ended.
    """
    record = job_tables.get_locked(session, BATCH_PREDICTIONS, batch_id)
    if record.state not in TERMINAL_STATES:
        raise Conflict(
            f"Batch prediction {batch_id} is {record.state}. Cancel it first, and delete it once it has ended."
        )
    # The foreign key deletes its attempts with it.
    session.execute(delete_rows(BatchPredictionRecord).where(BatchPredictionRecord.id == batch_id))
    return record.result_sha256


def check_version_unused(session: Session, model_name: str, version: int | None = None) -> None:
    """Check that no batch prediction that has not ended uses a model version; any version of the model for None.

    Call it once the version's row is locked: then none can begin to use it.

    Raises:
        Conflict: If one does; names it.
    """
    here = [BatchPredictionRecord.model_name == model_name]
    if version is not None:
        here.append(BatchPredictionRecord.model_version == version)
    what = f"The model '{model_name}'" if version is None else f"Version {version} of the model '{model_name}'"
    _check_unused(session, here, what)


def check_dataset_unused(session: Session, name: str, versions: Sequence[int]) -> None:
    """Check that no batch prediction that has not ended reads one of these versions of a dataset.

    Call it once the rows of the versions are locked: then none can begin to read them.

    Raises:
        Conflict: If one does; names it.
    """
    here = [BatchPredictionRecord.dataset_name == name, BatchPredictionRecord.dataset_version.in_(versions)]
    _check_unused(session, here, f"The dataset '{name}'")


def claim(session: Session, *, owner: str, lease_seconds: float) -> ClaimedBatch | None:
    """Claim the oldest queued batch prediction that no other transaction is claiming, and begin an attempt at it.

    Returns:
        None when nothing is queued.
    """
    job = BatchPredictionRecord
    columns = (
        *(job.id, job.attempt, job.started_at, job.model_name, job.model_version, job.network_sha256),
        *(job.signature_sha256, job.dataset_name, job.dataset_key, job.plan),
    )
    row = claim_oldest(session, BATCH_PREDICTIONS, columns, owner=owner, lease_seconds=lease_seconds, values={})
    if row is None:
        return None
    return ClaimedBatch(
        id=row.id,
        attempt=row.attempt,
        model_name=row.model_name,
        model_version=row.model_version,
        network_sha256=row.network_sha256,
        signature_sha256=row.signature_sha256,
        dataset_name=row.dataset_name,
        dataset_key=row.dataset_key,
        plan=row.plan,
    )


def is_any_queued(session: Session) -> bool:
    """Return True if a batch prediction waits for a worker."""
    may_start = (BatchPredictionRecord.state == RunState.QUEUED, BatchPredictionRecord.retry_at.is_(None))
    return session.scalar(select(BatchPredictionRecord.id).where(*may_start).limit(1)) is not None


def record_progress(
    session: Session,
    batch_id: UUID,
    attempt: int,
    lease_seconds: float,
    progress: BatchProgress | None = None,
    *,
    is_at_work: bool = False,
) -> Heartbeat:
    """Renew the lease, and store the attempt's progress, if it has made some; or its supervisor is at work itself.

    Raises:
        AttemptFenced: If the attempt does not own the batch prediction any more; nothing is written.
    """
    held = hold(session, BATCH_PREDICTIONS, batch_id, attempt, lease_seconds)
    if progress is not None and asdict(progress) != held.progress:
        write(session, held, {"progress": asdict(progress), "progress_at": database_now()})
    elif is_at_work:
        write(session, held, {"progress_at": database_now()})
    return held.heartbeat


def finish(
    session: Session,
    batch_id: UUID,
    attempt: int,
    *,
    result: Artifact,
    num_rows: int,
    num_refused: int,
    refused_rows: Sequence[RefusedRow],
) -> None:
    """End a batch prediction as succeeded. The result is in the store already.

    Raises:
        AttemptFenced: If the attempt does not own the batch prediction any more; nothing is written.
    """
    held = hold_to_end(session, BATCH_PREDICTIONS, batch_id, attempt, RunState.SUCCEEDED)
    if isinstance(held, RunState):
        return
    rate = (held.progress or {}).get("rows_per_second")
    values = {
        "progress": asdict(BatchProgress(num_done=num_rows, rows_per_second=rate)),
        "num_refused": num_refused,
        "refused_rows": tuple(refused_rows),
        "result_name": result.name,
        "result_sha256": result.sha256,
        "result_num_bytes": result.num_bytes,
        "result_media_type": result.media_type,
    }
    end_attempt(session, held, RunState.SUCCEEDED, AttemptOutcome.SUCCEEDED, values=values)


def fail(session: Session, batch_id: UUID, attempt: int, error: RunError) -> RunState:
    """End an attempt with an error, and the batch prediction as failed unless core/retry_policy.py has it tried again.

    Returns:
        failed; queued if another attempt follows; cancelled if that was requested of one that would be tried again.

    Raises:
        AttemptFenced: If the attempt does not own the batch prediction any more; nothing is written.
    """
    ends = (RunState.FAILED, RunState.QUEUED, RunState.CANCELLED)
    held = hold_to_end(session, BATCH_PREDICTIONS, batch_id, attempt, *ends)
    return held if isinstance(held, RunState) else end_with_error(session, held, error)


def cancel_running(session: Session, batch_id: UUID, attempt: int) -> None:
    """End a batch prediction as cancelled, once its process has stopped.

    Raises:
        AttemptFenced: If the attempt does not own the batch prediction any more; nothing is written.
    """
    held = hold_to_end(session, BATCH_PREDICTIONS, batch_id, attempt, RunState.CANCELLED)
    if not isinstance(held, RunState):
        end_attempt(session, held, RunState.CANCELLED, AttemptOutcome.CANCELLED)


def release(session: Session, batch_id: UUID, attempt: int, *, reason: str, count_as_crash: bool = False) -> RunState:
    """Release a batch prediction without a result; a lost process counts against max_attempts, a drain does not.

    Returns:
        queued; cancelled if that was requested; failed if this was the last crash allowed.

    Raises:
        AttemptFenced: If the attempt does not own the batch prediction any more; nothing is written.
    """
    ends = (RunState.QUEUED, RunState.CANCELLED, RunState.FAILED)
    held = hold_to_end(session, BATCH_PREDICTIONS, batch_id, attempt, *ends)
    if isinstance(held, RunState):
        return held
    outcome = AttemptOutcome.CRASHED if count_as_crash else AttemptOutcome.RELEASED
    return send_back(session, held, outcome, reason, count_as_crash=count_as_crash)


def list_unended(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Return those of these ids whose batch predictions have not ended."""
    here = (BatchPredictionRecord.id.in_(ids), BatchPredictionRecord.state.in_(_UNENDED))
    return set(session.scalars(select(BatchPredictionRecord.id).where(*here)))


_UNENDED = tuple(state for state in RunState if state not in TERMINAL_STATES)


def _check_unused(session: Session, here: Sequence[ColumnElement[bool]], what: str) -> None:
    query = (
        select(BatchPredictionRecord.id)
        .where(*here, BatchPredictionRecord.state.in_(_UNENDED))
        .order_by(BatchPredictionRecord.created_at, BatchPredictionRecord.id)
        .limit(NUM_NAMED + 1)
    )
    if users := session.scalars(query).all():
        named = ", ".join(str(batch_id) for batch_id in users[:NUM_NAMED])
        more = ", …" if len(users) > NUM_NAMED else ""
        raise Conflict(
            f"{what} is used by batch predictions that have not ended: {named}{more}. "
            "Wait for them or cancel them, then delete it."
        )
