"""Tables of the service itself: API keys, submitters, idempotency keys, workers, sweeps and compatibility."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from core.workers import WorkerState
from db.columns import word_of
from db.records.base import Base
from db.statements import database_now


class ApiKeyRecord(Base):
    """An API key; the row stays when the key is revoked.

    Attributes:
        prefix: The public part of the key.
        name: The user or purpose of the key; two keys may have the same while one replaces the other.
        scopes: Words separated by spaces, as OAuth writes them (RFC 6749 section 3.3).
        secret_sha256: Hash of the secret, which is not stored itself.
        expires_at: None for a key that is valid until it is revoked.
        last_used_at: Updated at most once a minute.
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


class SubmitterRecord(Base):
    """One who has submitted runs, or whose limits were set; db/quotas.py reads and writes it.

    Attributes:
        name: Name of its API keys; core.quotas.NOBODY without keys.
        max_queued_runs: Its own limits, where it has some; the settings' where NULL.
        served_at: When a run of it was last claimed.
    """

    __tablename__ = "submitters"

    name: Mapped[str] = mapped_column(primary_key=True)
    max_queued_runs: Mapped[int | None]
    max_running_runs: Mapped[int | None]
    max_disk_bytes: Mapped[int | None] = mapped_column(BigInteger)
    max_requests_per_minute: Mapped[int | None]
    max_priority: Mapped[int | None]
    served_at: Mapped[datetime | None]


class SweepRecord(Base):
    """The single row about the last use of the retention policy, as core.retention.Sweep describes it."""

    __tablename__ = "retention_sweeps"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    num_runs: Mapped[int]
    num_files: Mapped[int]
    freed_bytes: Mapped[int] = mapped_column(BigInteger)


class IdempotencyRecord(Base):
    """A received Idempotency-Key and the answer to its request.

    Attributes:
        route: Route of the request; keys of different routes are independent.
        body_sha256: Hash of the request's body as received.
        answer: Answer to a repeated request; absent while the first request is being answered.
    """

    __tablename__ = "idempotency_keys"

    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now(), index=True)


class WorkerRecord(Base):
    """The last report of a worker; deleted when the worker ends.

    Attributes:
        name: Host and process id, as in the owner of a run.
        error: Error of the last start of a trainer, while starts fail.
        broken_since: Time since which no trainer could start.
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
    """The single row that names the oldest code that may use the database.

    Attributes:
        oldest_revision: Code for this revision or a later one works, whatever the database's own revision.
    """

    __tablename__ = "compatibility"

    oldest_revision: Mapped[str] = mapped_column(primary_key=True)
