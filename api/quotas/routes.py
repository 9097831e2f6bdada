"""Routes for quotas: show one's own, list all, change one."""

import hashlib
from dataclasses import asdict
from typing import Annotated

from fastapi import Header, Query, Response
from fastapi import Path as PathParameter

from api.auth.access import ADMIN, READ, CallerName
from api.http.bodies import read_document
from api.http.parameters import PageQuery
from api.http.responses import IfNoneMatch, is_unchanged, json_answer, not_modified
from api.keys.schemas import KeyLimits, KeyName
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.quotas import examples
from api.quotas.errors import changed_since
from api.quotas.schemas import Limits, Usage, UsagePage, Use
from api.service import JsonText, Service, ServiceParameter
from core import quotas as core_quotas
from core.errors import NotFound, nearest
from core.quotas import NOBODY
from db import api_keys, quotas
from db.quotas import Submitter
from db.session import ReadingSession

router = Resource("quotas", "Quotas: the limits of API keys, and what each uses.", prefix="/v1", bodies=[KeyLimits])

Name = Annotated[KeyName, PathParameter(description="Name of one or two keys.")]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="ETag of the quotas; 412 if their limits have changed since."),
]

ETAG = {"ETag": "Changes with limits and use; for If-Match, which compares the limits."}


@router.get("/usage", summary="Show your quotas", dependencies=[READ], responses=answers(examples.USAGE))
def show_usage(service: ServiceParameter, caller: CallerName) -> Usage:
    """Return the limits of the caller, and what it uses now. Keys of one name share both."""
    with service.database.reading() as session:
        name = caller or NOBODY
        found = Submitter(caller, quotas.find_limits(session, name), quotas.find_use(session, name))
    return _describe(service, found)


@router.get(
    "/quotas",
    summary="List all quotas",
    dependencies=[ADMIN],
    responses=answers({"items": [examples.USAGE], "next_cursor": None}),
)
def list_quotas(query: Annotated[PageQuery, Query()], service: ServiceParameter) -> UsagePage:
    """Return a page of the limits and the use of everyone who has a key, or has submitted a run, by name."""
    with service.database.reading() as session:
        names = {key.name for key in api_keys.list_keys(session) if key.is_live}
        page = quotas.list_submitters(session, names, limit=query.limit, cursor=query.cursor)
    return UsagePage(items=[_describe(service, found) for found in page.items], next_cursor=page.next_cursor)


@router.get(
    "/quotas/{name}",
    summary="Show the quotas of a key",
    response_model=Usage,
    dependencies=[ADMIN],
    responses=answers(examples.USAGE, examples.UNKNOWN_NAME, headers=ETAG)
    | {304: {"description": "Not Modified: limits and use are those of the ETag in If-None-Match."}},
)
def show_quotas(name: Name, service: ServiceParameter, if_none_match: IfNoneMatch = None) -> Response:
    """Return the limits of all keys of a name, and what they use now."""
    with service.database.reading() as session:
        _check_name(service, session, name)
        shown = _describe(service, _find(session, name))
    etag = _etag(shown)
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    return json_answer(shown, headers={"ETag": etag})


@router.patch(
    "/quotas/{name}",
    summary="Change the limits of a key",
    response_model=Usage,
    dependencies=[ADMIN],
    responses=answers(
        examples.USAGE,
        MALFORMED,
        examples.UNKNOWN_NAME,
        examples.CHANGED_SINCE,
        TOO_LARGE,
        examples.NEGATIVE,
        headers=ETAG,
    ),
    openapi_extra=takes_body(KeyLimits, examples.CHANGES),
)
def change_quotas(name: Name, text: JsonText, service: ServiceParameter, if_match: IfMatch = None) -> Response:
    """Change some limits of all keys of a name; null brings back the limit of the settings, 0 is no limit.

    They hold for what is asked from now on: nothing that is queued or stored already is taken away. Other processes of
    the API count requests by the new limit within 5 seconds.
    """
    changes = read_document(KeyLimits, text)
    with service.database.transaction() as session:
        _check_name(service, session, name)
        quotas.lock(session, name)
        if if_match is not None and not _is_match(if_match, _describe(service, _find(session, name))):
            raise changed_since(name)
        quotas.set_limits(session, name, changes.given)
        shown = _describe(service, _find(session, name))
    service.authenticator.forget_name(name)
    return json_answer(shown, headers={"ETag": _etag(shown)})


def _check_name(service: Service, session: ReadingSession, name: str) -> None:
    known = {key.name for key in api_keys.list_keys(session)}
    known |= {given.caller.name for given in service.authenticator.given_keys.values()}
    if name not in known:
        raise NotFound(f"No API key has the name '{name}'.{nearest(name, sorted(known))}")


def _find(session: ReadingSession, name: str) -> Submitter:
    return Submitter(name, quotas.find_limits(session, name), quotas.find_use(session, name))


def _etag(usage: Usage) -> str:
    """Return an ETag that changes with every field; its first part only with the limits."""
    parts = (usage.own_limits.model_dump_json(), usage.model_dump_json())
    return '"' + "-".join(hashlib.sha256(part.encode()).hexdigest()[:16] for part in parts) + '"'


def _is_match(if_match: str, usage: Usage) -> bool:
    """Return True if If-Match names the limits, for whatever use there was then."""
    known = [tag.strip().removeprefix("W/").strip('"').partition("-")[0] for tag in if_match.split(",")]
    return "*" in known or _etag(usage).strip('"').partition("-")[0] in known


def _describe(service: Service, submitter: Submitter) -> Usage:
    limits = submitter.limits.over(service.settings.limits)
    return Usage(
        name=submitter.name,
        limits=_describe_limits(limits),
        own_limits=_describe_limits(submitter.limits),
        use=Use(**asdict(submitter.use)),
    )


def _describe_limits(limits: core_quotas.Limits) -> Limits:
    return Limits(**asdict(limits))
