"""Tables of runs: experiments, runs, their attempts and the artifacts they leave."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Double, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core.notices import Notice
from core.run_report import EngineReport, Environment
from db.columns import Document, PlainText
from db.records.base import Base
from db.records.jobs import AttemptBase, JobBase, job_indexes, lease_constraints
from db.statements import database_now

LIST_COLUMNS = (
    *("created_at", "id", "state", "experiment", "model_name", "preset", "submitted_by"),
    *("priority", "attempt", "started_at", "ended_at"),
)
"""Columns of the index that lists of runs are read from."""


class ExperimentRecord(Base):
    """A named group of runs."""

    __tablename__ = "experiments"

    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class RunRecord(JobBase):
    """One execution of a spec.

    Attributes:
        experiment: Name of its group.
        model_name: The model that it registers a version of.
        spec: As normalised by core.specs.
        spec_sha256: Hash of the spec as JSON with sorted keys and no spaces.
        progress: The fields of core.progress.Progress.
        latest_metrics: The newest value of each curve by key; may hold NaN and infinities.
        environment: Versions of libraries.
        phases: Seconds by phase.
        engine: Report of the training engine.
        spec_warnings: Warnings that were known before training; NULL in runs of earlier versions.
        attempt_warnings: Warnings of the latest attempt, about the data; NULL while there are none.
        notes: Text for people, as of Markdown; NULL while there is none.
        priority: Queued runs of a higher one are claimed first.
        submitted_by: Name of the API key that submitted it; NULL without keys, and in runs of earlier versions.
        source_run_id: The run that it repeats or was cloned from, which may have been deleted since.
        stored_bytes: Size of what its ended attempts left, its curves by estimate; 0 in runs of earlier versions.
        traceparent: Trace context of the request that submitted it (W3C Trace Context); NULL without one.
        model_version: Number of the version it registered.
    """

    __tablename__ = "runs"

    experiment: Mapped[str] = mapped_column(ForeignKey(ExperimentRecord.name))
    model_name: Mapped[str]
    preset: Mapped[str | None]
    spec: Mapped[dict[str, Any]]
    spec_sha256: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int]
    latest_metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    device: Mapped[str | None]
    environment: Mapped[Environment | None] = mapped_column(Document(Environment))
    phases: Mapped[dict[str, Any] | None]
    engine: Mapped[EngineReport | None] = mapped_column(Document(EngineReport))
    spec_warnings: Mapped[tuple[Notice, ...] | None] = mapped_column(Document(tuple[Notice, ...]))
    attempt_warnings: Mapped[tuple[Notice, ...] | None] = mapped_column(Document(tuple[Notice, ...]))
    tags: Mapped[dict[str, Any]] = mapped_column(default=dict)
    notes: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    submitted_by: Mapped[str | None]
    source_run_id: Mapped[UUID | None]
    stored_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    traceparent: Mapped[str | None] = mapped_column(String(55))
    model_version: Mapped[int | None]

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """All warnings, each once."""
        return tuple(dict.fromkeys((*(self.spec_warnings or ()), *(self.attempt_warnings or ()))))

    __table_args__ = (
        *lease_constraints(),
        *job_indexes("runs"),
        # Newest first; a filter on any of these columns reads this index alone, without the wide rows. Reports of
        # progress change none of them.
        Index("ix_runs_list", *LIST_COLUMNS),
        # Also finds the few running ones. A lease has no index of its own, so that
        # PostgreSQL can store a heartbeat without updating any.
        Index("ix_runs_state_created_at_id", "state", "created_at", "id"),
        # Finds the next run of a submitter. Only queued runs that may start are in it, so that it is small.
        Index(
            "ix_runs_queue",
            *("submitted_by", "priority", "created_at", "id"),
            sqlite_where=text("state = 'queued' AND retry_at IS NULL"),
            postgresql_where=text("state = 'queued' AND retry_at IS NULL"),
        ),
        # Adds up what a submitter has on disk, without a look at the rows.
        Index("ix_runs_submitted_by_stored_bytes", "submitted_by", "stored_bytes"),
        Index("ix_runs_experiment_created_at_id", "experiment", "created_at", "id"),
        Index("ix_runs_model_name_created_at_id", "model_name", "created_at", "id"),
    )


class RunTagRecord(Base):
    """A tag of a run, again: `RunRecord.tags` has them all, and this table finds runs by them."""

    __tablename__ = "run_tags"

    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(PlainText, primary_key=True)
    value: Mapped[str] = mapped_column(PlainText)

    __table_args__ = (
        Index("ix_run_tags_name_value_run_id", "name", "value", "run_id"),
        {"sqlite_with_rowid": False},
    )


class RunWordRecord(Base):
    """A word in the names, tags or notes of a run (core/filters/words.py): an index for full-text find.

    It has no foreign key: PostgreSQL would need a second index to delete by it. db/run_search/indexing.py deletes the
    words with the run; one that is left behind finds nothing.
    """

    __tablename__ = "run_words"

    word: Mapped[str] = mapped_column(PlainText, primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads this class attribute once.


class RunNumberRecord(Base):
    """A number in the spec of a run, again, to find and to sort runs by it. Deleted like the words.

    Attributes:
        path: Hash of its path (db/run_search/indexing.py), which is shorter than the path.
    """

    __tablename__ = "run_numbers"

    path: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    value: Mapped[float] = mapped_column(Double, primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads this class attribute once.


class RunTextRecord(Base):
    """The beginning of a text in the spec of a run, likewise."""

    __tablename__ = "run_texts"

    path: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(PlainText, primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads this class attribute once.


class AttemptRecord(AttemptBase):
    """One attempt at a run.

    Attributes:
        resumed_at_step: Step of the checkpoint that it went on from; NULL if it began from the start.
    """

    __tablename__ = "attempts"

    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), primary_key=True)
    resumed_at_step: Mapped[int | None] = mapped_column(BigInteger)


class CheckpointRecord(Base):
    """Everything that a run needs to go on from a step, in the artifact store under its sha256.

    Attributes:
        step: Training steps taken.
        epoch: Epochs finished.
        attempt: Attempt that wrote it; 0 in a run that goes on from another's.
        monitor: Metric by which checkpoints are compared, such as `val_loss`; NULL if it was not measured here.
        value: Its value.
        is_best: True for the best checkpoint of the run so far.
    """

    __tablename__ = "checkpoints"

    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    monitor: Mapped[str | None]
    value: Mapped[float | None] = mapped_column(Double)
    is_best: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


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
