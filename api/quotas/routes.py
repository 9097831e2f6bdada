"""Routes for quotas: show one's own, list all, change one."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Path as PathParameter
from fastapi import Response

from api.auth.access import ADMIN, READ, CallerName
from api.http.bodies import read_document
from api.http.responses import json_answer
from api.keys.schemas import KeyLimits, KeyName
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.quotas import examples
from api.quotas.schemas import Limits, Usage, UsageList, Use
from api.service import JsonText, Service, ServiceParameter
from core import quotas as core_quotas
from core.errors import NotFound, nearest
from core.quotas import NOBODY
from db import api_keys, quotas
from db.quotas import Submitter

router = Resource("quotas", "Quotas: the limits of API keys, and what each uses.", prefix="/v1", bodies=[KeyLimits])

Name = Annotated[KeyName, PathParameter(description="Name of one or two keys.")]


@router.get("/usage", summary="Show your quotas", dependencies=[READ], responses=answers(examples.USAGE))
def show_usage(service: ServiceParameter, caller: CallerName) -> Usage:
    """Return the limits of the caller, and what it uses now. Keys of one name share both."""
    with service.database.reading() as session:
        name = caller or NOBODY
        found = Submitter(caller, quotas.find_limits(session, name), quotas.find_use(session, name))
    return _describe(service, found)


@router.get("/quotas", summary="List all quotas", dependencies=[ADMIN], responses=answers({"items": [examples.USAGE]}))
def list_quotas(service: ServiceParameter) -> UsageList:
    """Return the limits and the use of everyone who has a key, or has submitted a run."""
    with service.database.reading() as session:
        names = {key.name for key in api_keys.list_keys(session) if key.is_live}
        found = quotas.list_submitters(session, names)
    return UsageList(items=[_describe(service, submitter) for submitter in found])


@router.patch(
    "/quotas/{name}",
    summary="Change the limits of a key",
    response_model=Usage,
    dependencies=[ADMIN],
    responses=answers(examples.USAGE, MALFORMED, examples.UNKNOWN_NAME, TOO_LARGE, examples.NEGATIVE),
    openapi_extra=takes_body(KeyLimits, examples.CHANGES),
)
def change_quotas(name: Name, text: JsonText, service: ServiceParameter) -> Response:
    """Change some limits of all keys of a name; null brings back the limit of the settings, 0 is no limit.

    They hold for what is asked from now on: nothing that is queued or stored already is taken away. Other processes of
    the API count requests by the new limit within 5 seconds.
    """
    changes = read_document(KeyLimits, text)
    with service.database.transaction() as session:
        known = {key.name for key in api_keys.list_keys(session)}
        known |= {given.caller.name for given in service.authenticator.given_keys.values()}
        if name not in known:
            raise NotFound(f"No API key has the name '{name}'.{nearest(name, sorted(known))}")
        limits = quotas.set_limits(session, name, changes.given)
        found = Submitter(name, limits, quotas.find_use(session, name))
    service.authenticator.forget_name(name)
    return json_answer(_describe(service, found))


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
