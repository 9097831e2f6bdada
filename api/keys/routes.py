"""Routes for API keys: create, list, revoke."""

from typing import Annotated

from fastapi import Path as PathParameter
from fastapi import Query, Response

from api import idempotency
from api.auth.access import ADMIN
from api.auth.authentication import GivenKey
from api.http.bodies import read_document
from api.http.parameters import PageQuery
from api.http.responses import json_answer
from api.idempotency import RepeatsParameter, secret_not_kept
from api.keys import examples
from api.keys.schemas import KeyEntry, KeyList, KeyRequest, NewKey
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.service import JsonText, ServiceParameter
from core.api_keys import Scope
from core.errors import Conflict
from db import api_keys, quotas
from db import idempotency as idempotency_keys
from db.idempotency import StoredAnswer

router = Resource("keys", "API keys: who may use the service, and for what.", prefix="/v1/keys", bodies=[KeyRequest])

CREATED = 201

NOT_KEPT = {"Cache-Control": "no-store"}

VARIABLES = {Scope.ADMIN: "TRAINYARD_BOOTSTRAP_KEY", Scope.METRICS: "TRAINYARD_METRICS_KEY"}

Prefix = Annotated[str, PathParameter(description="The public part of a key.", examples=["k3v9x2pa"])]


@router.post(
    "",
    summary="Make a key",
    status_code=201,
    response_model=NewKey,
    dependencies=[ADMIN],
    responses=answers(
        examples.NEW_KEY,
        MALFORMED,
        examples.SECRET_NOT_KEPT,
        examples.TOO_MANY,
        TOO_LARGE,
        examples.NO_SCOPE,
        *idempotency.ERRORS,
        status=201,
        headers={"Location": "Path of the key.", "Cache-Control": "`no-store`"},
    ),
    openapi_extra=takes_body(KeyRequest, examples.KEY_REQUESTS),
)
def make_key(text: JsonText, service: ServiceParameter, repeats: RepeatsParameter) -> Response:
    """Create a key. Its secret is only in this response: the service stores a hash of it.

    A repeated request with the same `Idempotency-Key` creates nothing, and cannot get the secret again: it is answered
    with 409 and the prefix of the key, to be revoked if the first response was lost.

    To rotate a key create a second one with the same name, start to use it, and revoke the first.
    """
    request = read_document(KeyRequest, text)
    repeat = repeats.of(text)
    with service.database.transaction() as session:
        earlier = None if repeat is None else idempotency_keys.begin(session, repeat)
        if earlier is None:
            stored, key = api_keys.create(
                session, name=request.name, scopes=request.scopes, lifetime_seconds=request.lifetime_seconds
            )
            if request.limits is not None:
                quotas.set_limits(session, request.name, request.limits.given)
            location = f"/v1/keys/{stored.prefix}"
            if repeat is not None:
                # Without a body, which has the secret.
                idempotency_keys.complete(session, repeat, StoredAnswer(CREATED, location, ""))
    if earlier is not None:
        raise secret_not_kept(earlier.location)
    if request.limits is not None:
        service.authenticator.forget_name(request.name)
    answer = NewKey(**dict(_describe(stored)), key=key.reveal())
    return json_answer(answer, status=CREATED, headers=NOT_KEPT | {"Location": location})


@router.get(
    "",
    summary="List the keys",
    response_model=KeyList,
    dependencies=[ADMIN],
    responses=answers(
        {"items": [examples.GIVEN_KEY, examples.KEY], "next_cursor": None}, headers={"Cache-Control": "`no-store`"}
    ),
)
def list_keys(query: Annotated[PageQuery, Query()], service: ServiceParameter) -> Response:
    """Return a page of all keys, current and past, without secrets; on the first those of the environment too."""
    with service.database.reading() as session:
        page = api_keys.list_page(session, limit=query.limit, cursor=query.cursor)
    given = () if query.cursor else service.authenticator.given_keys.values()
    items = [*map(_describe_given, given), *map(_describe, page.items)]
    return json_answer(KeyList(items=items, next_cursor=page.next_cursor), headers=NOT_KEPT)


@router.delete(
    "/{prefix}",
    summary="Revoke a key",
    status_code=204,
    dependencies=[ADMIN],
    responses=answers(None, examples.UNKNOWN_KEY, examples.LAST_ADMIN, examples.FROM_ENVIRONMENT, status=204),
)
def revoke_key(prefix: Prefix, service: ServiceParameter) -> Response:
    """Revoke a key. This process rejects it at once, every other within 5 seconds. It stays in the list."""
    given = service.authenticator.given_keys.get(prefix)
    if given is not None:
        variable = next(VARIABLES[scope] for scope in given.caller.scopes)
        raise Conflict(
            f"{prefix} was given by {variable} and lives as long as that. Take it out of the environment of every API "
            "process and start them again."
        )
    with service.database.transaction() as session:
        api_keys.revoke(session, prefix, keep_an_admin=not service.authenticator.has_given_admin)
    service.authenticator.forget(prefix)
    return Response(status_code=204)


def _describe(stored: api_keys.StoredKey) -> KeyEntry:
    closed = "revoked" if stored.revoked_at is not None else "expired"
    return KeyEntry(
        prefix=stored.prefix,
        name=stored.name,
        scopes=[scope for scope in Scope if scope in stored.scopes],
        source="database",
        state="live" if stored.is_live else closed,
        created_at=stored.created_at,
        expires_at=stored.expires_at,
        revoked_at=stored.revoked_at,
        last_used_at=stored.last_used_at,
    )


def _describe_given(given: GivenKey) -> KeyEntry:
    return KeyEntry(
        prefix=str(given.caller.prefix),
        name=given.caller.name,
        scopes=list(given.caller.scopes),
        source="environment",
        state="live",
        created_at=None,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
    )
