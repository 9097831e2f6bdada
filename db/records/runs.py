"""Tables of runs: experiments, runs, their attempts and the artifacts they leave."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.notices import Notice
from core.run_report import EngineReport, Environment, RunError
from core.run_state import RunState
from db.columns import Document, word_of
from db.records.base import Base
from db.statements import database_now


class AttemptOutcome(StrEnum):
    """Outcome of an attempt."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RELEASED = "released"
    """Released by its worker, in a drain."""
    CRASHED = "crashed"
    """Released because the trainer was lost."""
    LEASE_EXPIRED = "lease_expired"
    """Taken back: its worker was silent for longer than the lease."""
    STALLED = "stalled"
    """Taken back: its worker was alive but reported no progress."""


class ExperimentRecord(Base):
    """A named group of runs."""

    __tablename__ = "experiments"

    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class RunRecord(Base):
    """One execution of a spec.

    Attributes:
        experiment: Name of its group.
        model_name: The model that it registers a version of.
        spec: As normalised by core.specs.
        spec_sha256: Hash of the spec as JSON with sorted keys and no spaces.
        attempt: Number of the latest attempt, 0 before the first; the fencing token.
        num_crashes: Attempts that were lost; drains don't count. At max_attempts the run fails.
        owner: Worker that holds the lease; like lease_expires_at, set while the state is running.
        progress: The fields of core.progress.Progress.
        progress_at: Time at which the attempt last started, progressed or reported a metric.
        latest_metrics: The newest value of each curve by key; may hold NaN and infinities.
        environment: Versions of libraries.
        phases: Seconds by phase.
        engine: Report of the training engine.
        spec_warnings: Warnings that were known before training; NULL in runs of earlier versions.
        attempt_warnings: Warnings of the latest attempt, about the data; NULL while there are none.
        model_version: Number of the version it registered.
        started_at: Start of the latest attempt.
        revision: Incremented by every change that a client can see; heartbeats are none.
    """

    __tablename__ = "runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    experiment: Mapped[str] = mapped_column(ForeignKey(ExperimentRecord.name))
    model_name: Mapped[str]
    preset: Mapped[str | None]
    spec: Mapped[dict[str, Any]]
    spec_sha256: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int]
    state: Mapped[RunState] = mapped_column(word_of(RunState))
    attempt: Mapped[int] = mapped_column(default=0)
    num_crashes: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    owner: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any] | None]
    progress_at: Mapped[datetime | None]
    latest_metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    device: Mapped[str | None]
    environment: Mapped[Environment | None] = mapped_column(Document(Environment))
    phases: Mapped[dict[str, Any] | None]
    engine: Mapped[EngineReport | None] = mapped_column(Document(EngineReport))
    error: Mapped[RunError | None] = mapped_column(Document(RunError))
    spec_warnings: Mapped[tuple[Notice, ...] | None] = mapped_column(Document(tuple[Notice, ...]))
    attempt_warnings: Mapped[tuple[Notice, ...] | None] = mapped_column(Document(tuple[Notice, ...]))
    tags: Mapped[dict[str, Any]] = mapped_column(default=dict)
    model_version: Mapped[int | None]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """All warnings, each once."""
        return tuple(dict.fromkeys((*(self.spec_warnings or ()), *(self.attempt_warnings or ()))))

    __table_args__ = (
        # Even a faulty query cannot leave a running run without an owner and a lease, or another run with them.
        CheckConstraint("(state = 'running') = (owner IS NOT NULL)", name="owned_while_running"),
        CheckConstraint("(state = 'running') = (lease_expires_at IS NOT NULL)", name="leased_while_running"),
        Index("ix_runs_created_at_id", "created_at", "id"),
        # Also finds the oldest queued run and the few running ones. A lease has no index of its own, so that
        # PostgreSQL can store a heartbeat without updating any.
        Index("ix_runs_state_created_at_id", "state", "created_at", "id"),
        Index("ix_runs_experiment_created_at_id", "experiment", "created_at", "id"),
        Index("ix_runs_model_name_created_at_id", "model_name", "created_at", "id"),
    )


class AttemptRecord(Base):
    """One attempt at a run; the rows stay when the run is queued again."""

    __tablename__ = "attempts"

    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[AttemptOutcome | None] = mapped_column(word_of(AttemptOutcome))
    detail: Mapped[str | None]


class ArtifactRecord(Base):
    """A file of a run, in the artifact store under its sha256."""

    __tablename__ = "artifacts"

    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())
