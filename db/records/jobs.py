"""Base classes of jobs, which workers hold by leases, and of the attempts at them: of runs and batch predictions."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.run_report import RunError
from core.run_state import RunState
from db.columns import Document, word_of
from db.records.base import Base


class AttemptOutcome(StrEnum):
    """Outcome of an attempt."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RELEASED = "released"
    """Released by its worker, in a drain."""
    PAUSED = "paused"
    """Released because a client has paused the job."""
    PREEMPTED = "preempted"
    """Released to make room for a job of a higher priority."""
    CRASHED = "crashed"
    """Released because its process was lost."""
    LEASE_EXPIRED = "lease_expired"
    """Taken back: its worker was silent for longer than the lease."""
    STALLED = "stalled"
    """Taken back: its worker was alive but reported no progress."""


class Interruption(StrEnum):
    """Reason for which a running job is asked to give back its trainer and go on later."""

    PAUSE = "pause"
    """A client has paused it: it stays where it is until it is resumed."""
    PREEMPTION = "preemption"
    """One of a higher priority waits: it goes back to the queue."""


class JobBase(Base):
    """Something that waits in the database until a worker claims it, and is then held by a lease.

    Attributes:
        attempt: Number of the latest attempt, 0 before the first; the fencing token.
        num_crashes: Attempts that were lost, or ended with an error that another may not have, since one came further
            than all before; drains don't count. At max_attempts the job fails.
        furthest: The furthest that any attempt has come, in steps of a run or rows of a batch prediction. With each
            checkpoint it falls back behind that: from there on, every step is one further.
        owner: Worker that holds the lease; like lease_expires_at, set while the state is running.
        interruption: Set while a running job is asked to stop and to go on later.
        progress: Latest progress of the attempt.
        error: Error with which the job failed, or the attempt after which it waits for another.
        retry_at: End of the pause before another attempt; set while that lasts, and nobody claims the job then.
        dead_since: Time at which the job failed through no fault of its own; NULL otherwise, and once it was retried.
        progress_at: Time at which the attempt last started or progressed.
        started_at: Start of the latest attempt.
        revision: Incremented by every change that a client can see; heartbeats are none.
    """

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[RunState] = mapped_column(word_of(RunState))
    attempt: Mapped[int] = mapped_column(default=0)
    num_crashes: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    furthest: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    owner: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    interruption: Mapped[Interruption | None] = mapped_column(word_of(Interruption))
    progress: Mapped[dict[str, Any] | None]
    progress_at: Mapped[datetime | None]
    error: Mapped[RunError | None] = mapped_column(Document(RunError))
    retry_at: Mapped[datetime | None]
    dead_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)


class AttemptBase(Base):
    """One attempt at a job; the rows stay when the job is queued again."""

    __abstract__ = True

    number: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[AttemptOutcome | None] = mapped_column(word_of(AttemptOutcome))
    detail: Mapped[str | None]


def job_indexes(table: str) -> tuple[Index, Index]:
    """Return indexes of a table of jobs: of those in a pause, and of dead letters. Both are small."""
    in_pause, is_dead = text("retry_at IS NOT NULL"), text("dead_since IS NOT NULL")
    return (
        Index(f"ix_{table}_retry_at", "retry_at", sqlite_where=in_pause, postgresql_where=in_pause),
        Index(f"ix_{table}_dead_since_id", "dead_since", "id", sqlite_where=is_dead, postgresql_where=is_dead),
    )


def lease_constraints() -> tuple[CheckConstraint, CheckConstraint]:
    """Return constraints of a table of jobs: even a faulty query cannot leave a running one without owner and lease.

    Nor can it leave another job with them.
    """
    return (
        CheckConstraint("(state = 'running') = (owner IS NOT NULL)", name="owned_while_running"),
        CheckConstraint("(state = 'running') = (lease_expires_at IS NOT NULL)", name="leased_while_running"),
    )
