"""Access: which scope each route needs (`@router.get(…, dependencies=[READ])`), and what is open to everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Request, Security, params
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from starlette.routing import Mount

from api.http.http_errors import InsufficientScope
from core.api_keys import Scope, allows

PUBLIC_PATHS = frozenset({"/", "/docs", "/redoc", "/openapi.json", "/healthz", "/readyz"})

PUBLIC_FOLDER = "/static/"
"""Files of the pages."""


def is_public(path: str) -> bool:
    """Whether a path, as the router sees it, is on this list; `/healthz/` and `/static` are not."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDER)


CALLER = "trainyard.caller"
"""Where in a request's ASGI scope its caller stands."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request.

    Attributes:
        name: Of the key, for people.
        prefix: Of the key; None where none is asked for.
    """

    name: str
    prefix: str | None
    scopes: frozenset[Scope]


ANYBODY = Caller("anybody", None, frozenset({Scope.ADMIN}))
"""The caller of every request where no keys are asked for."""

# These two read nothing that is used: api/auth/gate.py has looked at the headers before. They are here for the OpenAPI
# document, which lists the ways to send a key and thereby gives the docs page its Authorize button.
BEARER = HTTPBearer(
    scheme_name="bearer", bearerFormat="ty_PREFIX_SECRET", description="`Authorization: Bearer KEY`", auto_error=False
)

HEADER = APIKeyHeader(name="X-API-Key", scheme_name="header", description="`X-API-Key: KEY`", auto_error=False)


async def check_scopes(
    request: Request,
    needed: SecurityScopes,
    _bearer: Annotated[Any, Security(BEARER)],
    _header: Annotated[Any, Security(HEADER)],
) -> None:
    """Let a request pass whose key has every scope that the route asks for.

    Raises:
        InsufficientScope: Naming the scope that is needed and those that the key has.
    """
    # Where the gate has not looked, nobody may pass: a missing caller is an error of ours, answered as one.
    caller: Caller = request.scope[CALLER]
    for scope in needed.scopes:
        if not allows(caller.scopes, Scope(scope)):
            raise InsufficientScope(Scope(scope), _in_order(caller.scopes))


READ = Security(check_scopes, scopes=[Scope.READ.value])

SUBMIT = Security(check_scopes, scopes=[Scope.SUBMIT.value])

PREDICT = Security(check_scopes, scopes=[Scope.PREDICT.value])

ADMIN = Security(check_scopes, scopes=[Scope.ADMIN.value])

METRICS = Security(check_scopes, scopes=[Scope.METRICS.value])


def needed_scopes(route: RouteContext) -> list[Scope]:
    """The scopes that a route declares."""
    declared = getattr(route, "dependencies", None) or ()
    return [
        Scope(scope)
        for dependency in declared
        if isinstance(dependency, params.Security) and dependency.dependency is check_scopes
        for scope in dependency.scopes or ()
    ]


def check_routes(app: FastAPI) -> None:
    """Make sure that every route is either public or says which scope it needs, so that none is forgotten.

    Raises:
        RuntimeError: If one is neither, or both.
    """
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        # A mounted folder is public if what lies in it is.
        is_open = is_public(path) or (isinstance(route.original_route, Mount) and is_public(f"{path}/"))
        if is_open == bool(needed_scopes(route)):
            raise RuntimeError(
                f"The route '{path}' has to be either on the list in api/auth/access.py or to say which scope it "
                "needs, such as dependencies=[READ]."
            )


def _in_order(scopes: frozenset[Scope]) -> Sequence[Scope]:
    return [scope for scope in Scope if scope in scopes]
