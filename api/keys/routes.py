"""Routes for API keys: create, list, revoke."""

from typing import Annotated

from fastapi import Header, Response
from fastapi import Path as PathParameter

from api.auth.access import ADMIN
from api.auth.authentication import GivenKey
from api.http.bodies import read_document
from api.http.responses import json_answer
from api.keys import examples
from api.keys.schemas import KeyEntry, KeyList, KeyRequest, NewKey
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.service import JsonText, ServiceParameter
from core.api_keys import Scope
from core.errors import Conflict, InvalidInput
from db import api_keys, quotas

router = Resource("keys", "API keys: who may use the service, and for what.", prefix="/v1/keys", bodies=[KeyRequest])

NOT_KEPT = {"Cache-Control": "no-store"}

VARIABLES = {Scope.ADMIN: "TRAINYARD_BOOTSTRAP_KEY", Scope.METRICS: "TRAINYARD_METRICS_KEY"}

Prefix = Annotated[str, PathParameter(description="The public part of a key.", examples=["k3v9x2pa"])]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Rejected here, because the response with the secret would have to be stored.",
        include_in_schema=False,
    ),
]


@router.post(
    "",
    summary="Make a key",
    status_code=201,
    response_model=NewKey,
    dependencies=[ADMIN],
    responses=answers(
        examples.NEW_KEY,
        MALFORMED,
        examples.NOT_REPEATABLE,
        examples.TOO_MANY,
        TOO_LARGE,
        examples.NO_SCOPE,
        status=201,
        headers={"Location": "Path of the key.", "Cache-Control": "`no-store`"},
    ),
    openapi_extra=takes_body(KeyRequest, examples.KEY_REQUESTS),
)
def make_key(text: JsonText, service: ServiceParameter, idempotency_key: IdempotencyKey = None) -> Response:
    """Create a key. Its secret is only in this response: the service stores a hash of it.

    To rotate a key create a second one with the same name, start to use it, and revoke the first.
    """
    if idempotency_key is not None:
        raise InvalidInput(examples.NOT_REPEATABLE.detail)
    request = read_document(KeyRequest, text)
    with service.database.transaction() as session:
        stored, key = api_keys.create(
            session, name=request.name, scopes=request.scopes, lifetime_seconds=request.lifetime_seconds
        )
        if request.limits is not None:
            quotas.set_limits(session, request.name, request.limits.given)
    if request.limits is not None:
        service.authenticator.forget_name(request.name)
    answer = NewKey(**dict(_describe(stored)), key=key.reveal())
    return json_answer(answer, status=201, headers=NOT_KEPT | {"Location": f"/v1/keys/{stored.prefix}"})


@router.get(
    "",
    summary="List the keys",
    response_model=KeyList,
    dependencies=[ADMIN],
    responses=answers({"items": [examples.GIVEN_KEY, examples.KEY]}, headers={"Cache-Control": "`no-store`"}),
)
def list_keys(service: ServiceParameter) -> Response:
    """Return all keys, current and past, without secrets; including those of this process's environment."""
    with service.database.reading() as session:
        stored = api_keys.list_keys(session)
    given = service.authenticator.given_keys.values()
    return json_answer(KeyList(items=[*map(_describe_given, given), *map(_describe, stored)]), headers=NOT_KEPT)


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
