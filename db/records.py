"""Every table as a class: runs and what came of them, curves, the registry, uploaded datasets, API keys."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.run_report import EngineReport, Environment, RunError
from core.run_state import RunState
from core.workers import WorkerState
from db.columns import Document, Json, MetricValue, SeriesId, Timestamp, word_of
from db.statements import database_now


class Base(DeclarativeBase):
    """Names every constraint by one rule, so that migrations can find them on each database."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute; it is never an instance's.
        datetime: Timestamp,
        dict[str, Any]: Json,
        str: Text,
    }


class AttemptOutcome(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RELEASED = "released"
    """Given back in good order: a drain."""
    CRASHED = "crashed"
    """Given back because the trainer was lost."""
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
        spec_sha256: Of the spec as JSON with sorted keys and no spaces.
        attempt: Number of the latest attempt, 0 before the first; the fencing token.
        num_crashes: Attempts that were lost; drains don't count. At max_attempts the run fails.
        owner: Who holds the lease; like lease_expires_at, set while the state is running.
        progress: The fields of core.metrics.Progress.
        progress_at: When the attempt last started, moved on or reported a metric.
        latest_metrics: The newest value of each curve by key; may hold NaN and infinities.
        environment: Versions of libraries.
        phases: Seconds by phase.
        engine: How the training engine ran.
        model_version: Number of the version it registered.
        started_at: When the latest attempt started.
        revision: Grows with every change that a client can see; heartbeats are none.
    """

    __tablename__ = "runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    experiment: Mapped[str] = mapped_column(ForeignKey("experiments.name"))
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
    tags: Mapped[dict[str, Any]] = mapped_column(default=dict)
    model_version: Mapped[int | None]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        # Whatever a query gets wrong, no run is ever running without an owner and a lease, or holds them otherwise.
        CheckConstraint("(state = 'running') = (owner IS NOT NULL)", name="owned_while_running"),
        CheckConstraint("(state = 'running') = (lease_expires_at IS NOT NULL)", name="leased_while_running"),
        Index("ix_runs_created_at_id", "created_at", "id"),
        # Also how the oldest queued run and the few running ones are found. A lease has no index of its own, so that
        # PostgreSQL can store a heartbeat without touching any.
        Index("ix_runs_state_created_at_id", "state", "created_at", "id"),
        Index("ix_runs_experiment_created_at_id", "experiment", "created_at", "id"),
        Index("ix_runs_model_name_created_at_id", "model_name", "created_at", "id"),
    )


class AttemptRecord(Base):
    """One try at a run; the rows stay when the run goes back to the queue."""

    __tablename__ = "attempts"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[AttemptOutcome | None] = mapped_column(word_of(AttemptOutcome))
    detail: Mapped[str | None]


class ArtifactRecord(Base):
    """A file that a run left behind, in the artifact store under its sha256."""

    __tablename__ = "artifacts"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class MetricSeriesRecord(Base):
    """One curve of a run, with the summary that lists and tables show.

    Attributes:
        key: Name of the curve, such as `train/loss`.
        count: Its points.
        min: Least value, with the first step at which it was reached; NaN, without a step, while every value is NaN.
        max: Greatest value, likewise.
    """

    __tablename__ = "metric_series"

    id: Mapped[int] = mapped_column(SeriesId, primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    key: Mapped[str]
    count: Mapped[int] = mapped_column(BigInteger)
    first_step: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[float] = mapped_column(MetricValue, nullable=True)
    last_step: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[float] = mapped_column(MetricValue, nullable=True)
    min_step: Mapped[int | None] = mapped_column(BigInteger)
    min: Mapped[float] = mapped_column(MetricValue, nullable=True)
    max_step: Mapped[int | None] = mapped_column(BigInteger)
    max: Mapped[float] = mapped_column(MetricValue, nullable=True)

    __table_args__ = (UniqueConstraint("run_id", "key"),)


class MetricPointRecord(Base):
    """One point of a curve.

    No foreign key leads to its series: PostgreSQL would check it row by row, for every point ever stored.
    db/metrics.py is the only writer, and deletes points before their series.

    Attributes:
        unix_seconds: When it was measured, by the trainer's clock.
    """

    __tablename__ = "metric_points"

    series_id: Mapped[int] = mapped_column(SeriesId, primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    value: Mapped[float] = mapped_column(MetricValue, nullable=True)
    unix_seconds: Mapped[float] = mapped_column(Double)

    # The points of a series lie side by side in step order in the key's own tree, with no second tree of row numbers.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads this class attribute once.


class ModelRecord(Base):
    """A name under which succeeded runs register versions.

    Attributes:
        last_version: The highest number ever given. A deleted version's number does not come back, so whoever kept
            a model by name and version never mistakes another for it.
    """

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class ModelVersionRecord(Base):
    """What a succeeded run registered; its files are the run's artifacts."""

    __tablename__ = "model_versions"

    model_name: Mapped[str] = mapped_column(ForeignKey("models.name"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), unique=True)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class AliasRecord(Base):
    """A movable label on one version of a model; it goes when the version does."""

    __tablename__ = "aliases"

    model_name: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    revision: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["model_name", "version"], ["model_versions.model_name", "model_versions.version"], ondelete="CASCADE"
        ),
        Index("ix_aliases_model_name_version", "model_name", "version"),
    )


class DatasetRecord(Base):
    """A name under which data were uploaded; the row stays when all its versions are deleted.

    Attributes:
        last_version: The highest number ever given. A deleted version's number does not come back, so a spec that
            names one never learns from other data than it meant.
    """

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())


class DatasetVersionRecord(Base):
    """What was uploaded under a name: bytes that no other version of it has.

    Attributes:
        sha256: Of the bytes; also where they are stored. Versions of other names may have the same.
        filename: What the file was called, if the client said so.
        kind: `table`, `arrays` or `images`.
        format: Of the bytes, such as `csv`.
        summary: How much it is, in a few words.
        description: core.uploads.description.DescriptionFile.
    """

    __tablename__ = "dataset_versions"

    dataset_name: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    filename: Mapped[str | None]
    kind: Mapped[str]
    format: Mapped[str]
    summary: Mapped[str]
    description: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())

    __table_args__ = (UniqueConstraint("dataset_name", "sha256"),)


class RunDatasetRecord(Base):
    """Which version a run learns from. The row goes when either does."""

    __tablename__ = "run_datasets"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    dataset_name: Mapped[str]
    version: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(
            ["dataset_name", "version"],
            ["dataset_versions.dataset_name", "dataset_versions.version"],
            ondelete="CASCADE",
        ),
        Index("ix_run_datasets_dataset_name_version", "dataset_name", "version"),
    )


class ApiKeyRecord(Base):
    """An API key; the row stays when the key is revoked.

    Attributes:
        prefix: The public part of the key.
        name: Of whom or what it is for; two keys may have the same while one takes over from the other.
        scopes: Words separated by spaces, as OAuth writes them (RFC 6749 section 3.3).
        secret_sha256: All that is kept of the secret.
        expires_at: None for a key that lives until it is revoked.
        last_used_at: Written at most once a minute.
    """

    __tablename__ = "api_keys"

    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    scopes: Mapped[str]
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class IdempotencyRecord(Base):
    """An Idempotency-Key that came, and the answer that was given.

    Attributes:
        route: Keys of different routes have nothing to do with each other.
        body_sha256: Of the request's body as it came.
        answer: What to say when the key comes again; absent while the first request is being answered.
    """

    __tablename__ = "idempotency_keys"

    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now(), index=True)


class WorkerRecord(Base):
    """What a worker last reported of itself; the row goes when the worker ends.

    Attributes:
        name: Host and process id, as in the owner of a run.
        error: Why the last start of a trainer failed, while one is failing.
        broken_since: Since when no trainer could start.
    """

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    state: Mapped[WorkerState] = mapped_column(word_of(WorkerState))
    num_trainers: Mapped[int]
    num_ready: Mapped[int]
    num_failed_starts: Mapped[int]
    error: Mapped[str | None]
    broken_since: Mapped[datetime | None]
    started_at: Mapped[datetime] = mapped_column(insert_default=database_now())
    reported_at: Mapped[datetime]


class CompatibilityRecord(Base):
    """The one row that says which older code may go on using the database.

    Attributes:
        oldest_revision: Code that knows this revision works, also where the database is at one it does not know.
    """

    __tablename__ = "compatibility"

    oldest_revision: Mapped[str] = mapped_column(primary_key=True)
