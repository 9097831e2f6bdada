"""Routes for webhooks: create, list, show their deliveries, enable again, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi import Path as PathParameter

from api import idempotency
from api.auth.access import ADMIN, CallerName
from api.http.bodies import read_document
from api.http.parameters import PageQuery
from api.http.responses import json_answer
from api.idempotency import RepeatsParameter, secret_not_kept
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.service import JsonText, ServiceParameter
from api.webhooks import examples
from api.webhooks.schemas import Delivery, DeliveryPage, NewWebhook, Webhook, WebhookList, WebhookRequest
from core.errors import UnknownWebhook
from core.run_state import RunState
from core.webhooks import SECRET_PREFIX, make_secret
from db import idempotency as idempotency_keys
from db import webhooks
from db.idempotency import StoredAnswer
from db.records.events import WebhookDeliveryRecord, WebhookRecord

router = Resource("webhooks", "Tell other services of ended runs.", prefix="/v1/webhooks", bodies=[WebhookRequest])

CREATED = 201

NOT_KEPT = {"Cache-Control": "no-store"}


async def _read_id(
    webhook_id: Annotated[str, PathParameter(description="Id of a webhook.", examples=[examples.EXAMPLE_WEBHOOK_ID])],
) -> UUID:
    try:
        return UUID(webhook_id)
    except ValueError as error:
        raise UnknownWebhook(
            f"There is no webhook '{webhook_id[:80]}'. GET /v1/webhooks lists those that exist."
        ) from error


WebhookId = Annotated[UUID, Depends(_read_id)]


@router.post(
    "",
    summary="Make a webhook",
    status_code=201,
    response_model=NewWebhook,
    dependencies=[ADMIN],
    responses=answers(
        examples.NEW_WEBHOOK,
        MALFORMED,
        examples.HOST_NOT_ALLOWED,
        examples.SECRET_NOT_KEPT,
        examples.TOO_MANY,
        TOO_LARGE,
        examples.NO_END,
        *idempotency.ERRORS,
        status=201,
        headers={"Location": "Path of the webhook.", "Cache-Control": "`no-store`"},
    ),
    openapi_extra=takes_body(WebhookRequest, examples.WEBHOOK_REQUESTS),
)
def make_webhook(text: JsonText, service: ServiceParameter, caller: CallerName, repeats: RepeatsParameter) -> Response:
    """Tell an address of each run that ends from now on.

    The message is signed as Standard Webhooks describes (standardwebhooks.com), with the secret that only this response
    has. The service stores the secret, because signing needs it. A message is sent again until it has been answered
    with a status from 200 to 299, for about three days; it may arrive twice, with the same `webhook-id`.

    A repeated request with the same `Idempotency-Key` creates nothing, and cannot get the secret again: it is answered
    with 409 and the id of the webhook, to be deleted if the first response was lost.
    """
    request = read_document(WebhookRequest, text)
    service.settings.allowed_webhook_hosts.check(request.url)
    secret = make_secret()
    repeat = repeats.of(text)
    with service.database.transaction() as session:
        earlier = None if repeat is None else idempotency_keys.begin(session, repeat)
        if earlier is None:
            record = webhooks.create(
                session,
                url=request.url,
                secret=secret,
                states=request.states,
                experiment=request.experiment,
                model_name=request.model,
                created_by=caller,
            )
            location = f"/v1/webhooks/{record.id}"
            if repeat is not None:
                # Without a body, which has the secret.
                idempotency_keys.complete(session, repeat, StoredAnswer(CREATED, location, ""))
    if earlier is not None:
        raise secret_not_kept(earlier.location)
    answer = NewWebhook(**dict(_describe(record)), secret=f"{SECRET_PREFIX}{secret}")
    return json_answer(answer, status=CREATED, headers=NOT_KEPT | {"Location": location})


@router.get(
    "",
    summary="List the webhooks",
    dependencies=[ADMIN],
    responses=answers({"items": [examples.WEBHOOK]}),
)
def list_webhooks(service: ServiceParameter) -> WebhookList:
    """Return all webhooks, newest first, without their secrets."""
    with service.database.reading() as session:
        return WebhookList(items=[_describe(record) for record in webhooks.list_all(session)])


@router.get(
    "/{webhook_id}",
    summary="Show a webhook",
    dependencies=[ADMIN],
    responses=answers(examples.WEBHOOK, examples.UNKNOWN_WEBHOOK),
)
def get_webhook(webhook_id: WebhookId, service: ServiceParameter) -> Webhook:
    """Return a webhook: what it is told, and since when it could not be reached, if so."""
    with service.database.reading() as session:
        return _describe(webhooks.get(session, webhook_id))


@router.get(
    "/{webhook_id}/deliveries",
    summary="List the deliveries to a webhook",
    dependencies=[ADMIN],
    responses=answers({"items": [examples.DELIVERY], "next_cursor": None}, examples.UNKNOWN_WEBHOOK),
)
def list_deliveries(
    webhook_id: WebhookId, query: Annotated[PageQuery, Query()], service: ServiceParameter
) -> DeliveryPage:
    """Return a page of the messages to a webhook, newest first. They are kept for a week after the last try."""
    with service.database.reading() as session:
        webhooks.get(session, webhook_id)
        page = webhooks.list_deliveries(session, webhook_id, limit=query.limit, cursor=query.cursor)
    return DeliveryPage(items=[_describe_delivery(record) for record in page.items], next_cursor=page.next_cursor)


@router.post(
    "/{webhook_id}:enable",
    summary="Enable a webhook again",
    dependencies=[ADMIN],
    responses=answers(examples.WEBHOOK, examples.UNKNOWN_WEBHOOK),
)
def enable_webhook(webhook_id: WebhookId, service: ServiceParameter) -> Webhook:
    """Send messages again after a webhook was disabled. Runs that ended meanwhile are not told."""
    with service.database.transaction() as session:
        return _describe(webhooks.enable(session, webhook_id))


@router.delete(
    "/{webhook_id}",
    summary="Delete a webhook",
    status_code=204,
    dependencies=[ADMIN],
    responses=answers(None, examples.UNKNOWN_WEBHOOK, status=204),
)
def delete_webhook(webhook_id: WebhookId, service: ServiceParameter) -> Response:
    """Delete a webhook with its deliveries. What waits to be sent is not sent any more."""
    with service.database.transaction() as session:
        webhooks.remove(session, webhook_id)
    return Response(status_code=204)


def _describe(record: WebhookRecord) -> Webhook:
    return Webhook(
        id=record.id,
        url=record.url,
        states=[RunState(word) for word in record.states.split()],
        experiment=record.experiment,
        model=record.model_name,
        created_by=record.created_by,
        created_at=record.created_at,
        failing_since=record.failing_since,
        disabled_at=record.disabled_at,
        disabled_reason=record.disabled_reason,
    )


def _describe_delivery(record: WebhookDeliveryRecord) -> Delivery:
    return Delivery(
        id=record.id,
        run_id=record.run_id,
        run_state=record.run_state,
        ended_at=record.ended_at,
        state=record.state,
        num_tries=record.num_tries,
        due_at=record.due_at,
        tried_at=record.tried_at,
        status=record.status,
        detail=record.detail,
    )
