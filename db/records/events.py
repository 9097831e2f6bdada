"""Tables of what is told to others as it happens: changes of runs, and webhooks with their deliveries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.run_state import RunState
from core.webhooks import DeliveryState
from db.columns import SeriesId, word_of
from db.records.base import Base
from db.statements import database_now


class RunChangeRecord(Base):
    """A change of a run's state; written by triggers in the transaction that makes the change.

    Attributes:
        id: Rises with the changes of one run. Between runs a transaction may commit a lower number later, on
            PostgreSQL; db/run_changes.py says how readers miss none.
        state: The new state, or `deleted`; `removed` in the last row of those that were removed.
        attempt: Number of the run's latest attempt.
        is_cancelling: True once a client has asked a running run to stop.
        transaction: Number of the transaction on PostgreSQL; NULL on SQLite, which has one writer at a time.
    """

    __tablename__ = "run_changes"

    id: Mapped[int] = mapped_column(SeriesId, primary_key=True)
    run_id: Mapped[UUID]
    experiment: Mapped[str]
    model_name: Mapped[str]
    state: Mapped[str]
    attempt: Mapped[int]
    is_cancelling: Mapped[bool]
    changed_at: Mapped[datetime]
    transaction: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index("ix_run_changes_transaction", "transaction"),
        # Numbers of rows that have been removed are not given again: readers remember the last they have seen.
        {"sqlite_autoincrement": True},
    )


class WebhookRecord(Base):
    """A subscription to the ends of runs.

    Attributes:
        secret: Key of the signatures, in base64. It is stored as it is, because signing needs it.
        states: End states that are told, between spaces, such as ` failed cancelled `.
        experiment: Only runs of this experiment; NULL for all.
        model_name: Only runs that train this model; NULL for all.
        failing_since: Time since which no delivery has succeeded, while deliveries fail.
        disabled_at: Set once deliveries have failed for too long; nothing is queued from then on.
        disabled_reason: The last failure.
    """

    __tablename__ = "webhooks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    secret: Mapped[str]
    states: Mapped[str]
    experiment: Mapped[str | None]
    model_name: Mapped[str | None]
    created_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]


class WebhookDeliveryRecord(Base):
    """One message to one webhook: a run has ended. Queued by triggers in the transaction that ends the run.

    Attributes:
        run_id: The run, which may have been deleted since.
        num_tries: Requests that were begun.
        due_at: Time of the next request; NULL once the delivery is over.
        leased_until: A worker sends it until then; the database's clock decides.
        lease: Number of the lease, the fencing token.
        status: HTTP status of the last response; NULL if there was none.
        detail: The reason for the last failure.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(SeriesId, primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey(WebhookRecord.id, ondelete="CASCADE"))
    run_id: Mapped[UUID]
    experiment: Mapped[str]
    model_name: Mapped[str]
    run_state: Mapped[RunState] = mapped_column(word_of(RunState))
    ended_at: Mapped[datetime]
    state: Mapped[DeliveryState] = mapped_column(word_of(DeliveryState))
    num_tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    lease: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    detail: Mapped[str | None]
    tried_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_deliveries_due_at", "due_at"),
        {"sqlite_autoincrement": True},
    )
