"""Queries of webhooks and of the deliveries to them.

Triggers queue a delivery in the transaction that ends a run, whoever ends it. A worker leases a delivery, sends it
without a transaction, and settles it under the number of its lease: two workers never send the same at once, and one
that was silent for longer than its lease changes nothing. Each delivery arrives at least once, always under the same
id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Update, delete, func, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from core.errors import Conflict, UnknownWebhook
from core.run_report import RunError
from core.run_state import RunState
from core.webhooks import DeliveryState
from db.cursors import Page, read_number, write_cursor
from db.documents import check_storable, replace_unstorable
from db.records.events import WebhookDeliveryRecord, WebhookRecord
from db.records.runs import RunRecord
from db.statements import database_now

MAX_ID = 2**63 - 1

MAX_WEBHOOKS = 100

MAX_DETAIL_LENGTH = 500

KEPT_SECONDS = 7 * 24 * 3600.0
"""Time for which deliveries that are over are kept."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that this worker may send until its lease ends.

    Attributes:
        lease: Number of the lease, to be passed on with the outcome.
        num_tries: Number of this request, counted from 1.
        age_seconds: Time since the run ended.
        preset: Of the run, if that still exists; likewise the rest.
    """

    id: int
    webhook_id: UUID
    url: str
    secret: str
    lease: int
    num_tries: int
    age_seconds: float
    run_id: UUID
    experiment: str
    model_name: str
    state: RunState
    ended_at: datetime
    preset: str | None
    attempt: int | None
    model_version: int | None
    error: RunError | None


def create(
    session: Session,
    *,
    url: str,
    secret: str,
    states: Sequence[RunState],
    experiment: str | None,
    model_name: str | None,
    created_by: str | None,
) -> WebhookRecord:
    """Subscribe an address to the ends of runs.

    Raises:
        Conflict: If there are too many webhooks.
        InvalidInput: If a text cannot be stored.
    """
    check_storable({"url": url, "experiment": experiment, "model": model_name})
    num_webhooks = session.scalars(select(func.count()).select_from(WebhookRecord)).one()
    if num_webhooks >= MAX_WEBHOOKS:
        raise Conflict(f"There are {num_webhooks} webhooks, and no more than {MAX_WEBHOOKS} are allowed. Delete some.")
    record = WebhookRecord(
        id=uuid7(),
        url=url,
        secret=secret,
        states=f" {' '.join(states)} ",
        experiment=experiment,
        model_name=model_name,
        created_by=created_by,
    )
    session.add(record)
    session.flush()
    return record


def list_all(session: Session) -> list[WebhookRecord]:
    """Return all webhooks, newest first."""
    return list(session.scalars(select(WebhookRecord).order_by(WebhookRecord.id.desc())))


def get(session: Session, webhook_id: UUID) -> WebhookRecord:
    """Return one webhook.

    Raises:
        UnknownWebhook: If there is none.
    """
    record = session.get(WebhookRecord, webhook_id, populate_existing=True)
    if record is None:
        raise UnknownWebhook(f"There is no webhook {webhook_id}. GET /v1/webhooks lists those that exist.")
    return record


def remove(session: Session, webhook_id: UUID) -> None:
    """Delete a webhook with its deliveries, also those that wait.

    Raises:
        UnknownWebhook: If there is none.
    """
    get(session, webhook_id)
    session.execute(delete(WebhookRecord).where(WebhookRecord.id == webhook_id))


def enable(session: Session, webhook_id: UUID) -> WebhookRecord:
    """Queue deliveries to a webhook again. What ended while it was disabled is not told.

    Raises:
        UnknownWebhook: If there is none.
    """
    record = get(session, webhook_id)
    record.disabled_at = record.disabled_reason = record.failing_since = None
    session.flush()
    return record


def list_deliveries(
    session: Session, webhook_id: UUID, *, limit: int, cursor: str | None = None
) -> Page[WebhookDeliveryRecord]:
    """Return a page of the deliveries to a webhook, newest first.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    delivery = WebhookDeliveryRecord
    query = select(delivery).where(delivery.webhook_id == webhook_id).order_by(delivery.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(delivery.id < read_number(cursor, MAX_ID))
    found = list(session.scalars(query))
    shown = found[:limit]
    return Page(items=shown, next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None)


def is_any_due(session: Session) -> bool:
    """Return True if a delivery is to be sent now."""
    return session.scalar(select(WebhookDeliveryRecord.id).where(*_due()).limit(1)) is not None


def lease_due(session: Session, lease_seconds: float) -> DueDelivery | None:
    """Lease the delivery that has been due for longest; None if none is."""
    delivery = WebhookDeliveryRecord
    oldest = (
        select(delivery.id)
        .where(*_due())
        .order_by(delivery.due_at, delivery.id)
        .limit(1)
        # SQLite has no such clause and needs none: it has one writer at a time.
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    leased = session.execute(
        update(delivery)
        .where(delivery.id == oldest)
        .values(
            lease=delivery.lease + 1,
            leased_until=database_now(lease_seconds),
            num_tries=delivery.num_tries + 1,
            tried_at=database_now(),
        )
        .returning(delivery.id, delivery.lease, delivery.num_tries, delivery.tried_at)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if leased is None:
        return None
    row = session.execute(
        select(delivery, WebhookRecord.url, WebhookRecord.secret)
        .join(WebhookRecord, WebhookRecord.id == delivery.webhook_id)
        .where(delivery.id == leased.id)
    ).one()
    found: WebhookDeliveryRecord = row[0]
    columns = (RunRecord.preset, RunRecord.attempt, RunRecord.model_version, RunRecord.error)
    of_run = session.execute(select(*columns).where(RunRecord.id == found.run_id)).one_or_none()
    preset, attempt, model_version, error = of_run or (None, None, None, None)
    return DueDelivery(
        id=found.id,
        webhook_id=found.webhook_id,
        url=row.url,
        secret=row.secret,
        lease=leased.lease,
        num_tries=leased.num_tries,
        age_seconds=max((leased.tried_at - found.ended_at).total_seconds(), 0.0),
        run_id=found.run_id,
        experiment=found.experiment,
        model_name=found.model_name,
        state=found.run_state,
        ended_at=found.ended_at,
        preset=preset,
        attempt=attempt,
        model_version=model_version,
        error=error,
    )


def settle(session: Session, sent: DueDelivery, status: int) -> bool:
    """Note that a delivery has arrived; return False if its lease was lost."""
    values = {"state": DeliveryState.DELIVERED, "due_at": None, "status": status, "detail": None}
    if not _settle(session, sent, values):
        return False
    here = (WebhookRecord.id == sent.webhook_id, WebhookRecord.failing_since.is_not(None))
    _update(session, update(WebhookRecord).where(*here).values(failing_since=None))
    return True


def postpone(
    session: Session,
    sent: DueDelivery,
    detail: str,
    *,
    status: int | None,
    again_seconds: float | None,
    disable_seconds: float,
) -> bool:
    """Note that a delivery has failed; return False if its lease was lost.

    A webhook to which nothing has been delivered for `disable_seconds` is disabled, with the reason.

    Args:
        session: Session of a transaction.
        sent: The delivery.
        detail: The reason.
        status: HTTP status of the response; None if there was none.
        again_seconds: Time after which it is sent again; None if it is not.
        disable_seconds: Time after which the webhook is disabled.
    """
    detail = str(replace_unstorable(detail))[:MAX_DETAIL_LENGTH]
    values: dict[str, object] = {"status": status, "detail": detail}
    if again_seconds is None:
        values |= {"state": DeliveryState.FAILED, "due_at": None}
    else:
        values |= {"due_at": database_now(again_seconds)}
    if not _settle(session, sent, values):
        return False
    webhook = WebhookRecord
    here = webhook.id == sent.webhook_id
    _update(session, update(webhook).where(here, webhook.failing_since.is_(None)).values(failing_since=database_now()))
    disabled = {"disabled_at": database_now(), "disabled_reason": detail}
    # SQLite has whole milliseconds: it may have failed first at this very time.
    is_over = (webhook.disabled_at.is_(None), webhook.failing_since <= database_now(-disable_seconds))
    _update(session, update(webhook).where(here, *is_over).values(disabled))
    return True


def delete_old(session: Session, older_than_seconds: float = KEPT_SECONDS) -> None:
    """Delete deliveries that were over long ago."""
    delivery = WebhookDeliveryRecord
    is_old = (delivery.due_at.is_(None), delivery.tried_at < database_now(-older_than_seconds))
    session.execute(delete(delivery).where(*is_old).execution_options(synchronize_session=False))


def _due() -> tuple[ColumnElement[bool], ...]:
    delivery = WebhookDeliveryRecord
    is_free = delivery.leased_until.is_(None) | (delivery.leased_until < database_now())
    disabled = select(WebhookRecord.id).where(WebhookRecord.disabled_at.is_not(None))
    return delivery.due_at <= database_now(), is_free, delivery.webhook_id.not_in(disabled)


def _settle(session: Session, sent: DueDelivery, values: Mapping[str, object]) -> bool:
    delivery = WebhookDeliveryRecord
    here = (delivery.id == sent.id, delivery.lease == sent.lease, delivery.leased_until.is_not(None))
    statement = update(delivery).where(*here).values({**values, "leased_until": None}).returning(delivery.id)
    return session.execute(statement.execution_options(synchronize_session=False)).first() is not None


def _update(session: Session, statement: Update) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
