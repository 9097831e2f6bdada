"""Queries of the checkpoints of runs. core/artifacts.py stores the files themselves."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from core.checkpoints import NUM_KEPT, Checkpoint
from db.records.runs import CheckpointRecord


def list_of_run(session: Session, run_id: UUID) -> list[CheckpointRecord]:
    """Return the checkpoints of a run, newest first; an empty list for an unknown run."""
    here = CheckpointRecord.run_id == run_id
    return list(session.scalars(select(CheckpointRecord).where(here).order_by(CheckpointRecord.step.desc())))


def find_newest(session: Session, run_id: UUID) -> Checkpoint | None:
    """Return the checkpoint that the next attempt at a run goes on from; None if there is none."""
    here = CheckpointRecord.run_id == run_id
    record = session.scalars(
        select(CheckpointRecord).where(here).order_by(CheckpointRecord.step.desc()).limit(1)
    ).first()
    return None if record is None else as_checkpoint(record)


def add(session: Session, run_id: UUID, attempt: int, checkpoint: Checkpoint) -> list[str]:
    """Store a checkpoint, and delete the older ones but for the newest and the best.

    Only a transaction that holds the run (db/claims.py) may call this, and may repeat it.

    Args:
        session: Session of the transaction.
        run_id: The run.
        attempt: The attempt that wrote it.
        checkpoint: The checkpoint.

    Returns:
        The sha256 of those that were deleted.
    """
    record = CheckpointRecord
    here = record.run_id == run_id
    if checkpoint.is_best:
        was_best = update(record).where(here, record.is_best).values(is_best=False)
        session.execute(was_best.execution_options(synchronize_session=False))
    replaced = _delete(session, here, record.step == checkpoint.step)
    values = {
        "step": checkpoint.step,
        "epoch": checkpoint.epoch,
        "sha256": checkpoint.sha256,
        "num_bytes": checkpoint.num_bytes,
        "monitor": checkpoint.monitor,
        "value": checkpoint.value,
        "is_best": checkpoint.is_best,
    }
    session.execute(insert(record).values(run_id=run_id, attempt=attempt, **values))
    return replaced + prune(session, run_id, NUM_KEPT)


def prune(session: Session, run_id: UUID, num_kept: int) -> list[str]:
    """Delete the checkpoints of a run but for the newest and the best; return the sha256 of those deleted.

    Only a transaction that holds the run may call this, or the one that ends it.
    """
    record = CheckpointRecord
    here = record.run_id == run_id
    steps = session.scalars(select(record.step).where(here).order_by(record.step.desc()).limit(num_kept)).all()
    return _delete(session, here, record.step < steps[-1], ~record.is_best) if steps else []


def delete(session: Session, run_id: UUID, step: int) -> None:
    """Delete one checkpoint of a run. Only a transaction that holds the run may call this."""
    _delete(session, CheckpointRecord.run_id == run_id, CheckpointRecord.step == step)


def delete_all(session: Session, run_id: UUID) -> None:
    """Delete the checkpoints of a run. Only a transaction that holds the run may call this."""
    _delete(session, CheckpointRecord.run_id == run_id)


def list_files(session: Session, run_ids: Sequence[UUID]) -> list[str]:
    """Return the sha256 of every checkpoint of some runs."""
    return list(session.scalars(select(CheckpointRecord.sha256).where(CheckpointRecord.run_id.in_(run_ids))))


def as_checkpoint(record: CheckpointRecord) -> Checkpoint:
    """Return a row as a Checkpoint."""
    return Checkpoint(
        step=record.step,
        epoch=record.epoch,
        sha256=record.sha256,
        num_bytes=record.num_bytes,
        monitor=record.monitor,
        value=record.value,
        is_best=record.is_best,
    )


def _delete(session: Session, *conditions: ColumnElement[bool]) -> list[str]:
    statement = delete_rows(CheckpointRecord).where(*conditions).returning(CheckpointRecord.sha256)
    return list(session.scalars(statement.execution_options(synchronize_session=False)))
