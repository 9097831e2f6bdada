"""Who may use which route. Each route says which scope it needs: `@router.get(…, dependencies=[READ])`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes

from api.refusals import InsufficientScope
from core.api_keys import Scope, allows

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

# These two read nothing that is used: api/gate.py has looked at the headers before. They are here for the OpenAPI
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
    caller: Caller = request.scope.get(CALLER, ANYBODY)
    for scope in needed.scopes:
        if not allows(caller.scopes, Scope(scope)):
            raise InsufficientScope(Scope(scope), _in_order(caller.scopes))


READ = Security(check_scopes, scopes=[Scope.READ.value])
SUBMIT = Security(check_scopes, scopes=[Scope.SUBMIT.value])
PREDICT = Security(check_scopes, scopes=[Scope.PREDICT.value])
ADMIN = Security(check_scopes, scopes=[Scope.ADMIN.value])
METRICS = Security(check_scopes, scopes=[Scope.METRICS.value])


def _in_order(scopes: frozenset[Scope]) -> Sequence[Scope]:
    return [scope for scope in Scope if scope in scopes]
