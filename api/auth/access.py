"""Access: the scope of each route (`@router.get(…, dependencies=[READ])`), and the public paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request, params
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Mount

from api.http.errors import InsufficientScope
from core.api_keys import Scope, allows

PUBLIC_PATHS = frozenset(
    {"/", "/docs", "/redoc", "/openapi.json", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}
)

PUBLIC_FOLDER = "/static/"
"""Static files of the docs pages."""


def is_public(path: str) -> bool:
    """Return True if a path, as the router sees it, is public; `/healthz/` and `/static` are not."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDER)


CALLER = "trainyard.caller"
"""Key of the caller in a request's ASGI scope."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Caller of a request.

    Attributes:
        name: Name of the key.
        prefix: Prefix of the key; None if keys are not required.
    """

    name: str
    prefix: str | None
    scopes: frozenset[Scope]


ANYBODY = Caller("anybody", None, frozenset({Scope.ADMIN}))
"""Caller of every request if keys are not required."""


@dataclass(frozen=True, slots=True)
class ScopeCheck:
    """Dependency of routes that requires a key with a scope."""

    scope: Scope

    async def __call__(self, request: Request) -> None:
        """Check the scope of a request's key.

        Raises:
            InsufficientScope: If the key lacks the scope; the error names it and those that the key has.
        """
        # Without a caller no request may pass: a missing one is a bug, and becomes a 500.
        caller: Caller = request.scope[CALLER]
        if not allows(caller.scopes, self.scope):
            raise InsufficientScope(self.scope, _in_order(caller.scopes))


READ = Depends(ScopeCheck(Scope.READ))

SUBMIT = Depends(ScopeCheck(Scope.SUBMIT))

PREDICT = Depends(ScopeCheck(Scope.PREDICT))

ADMIN = Depends(ScopeCheck(Scope.ADMIN))

METRICS = Depends(ScopeCheck(Scope.METRICS))


async def read_caller_name(request: Request) -> str | None:
    """Return the name of a request's key; None if keys are not required."""
    caller: Caller = request.scope[CALLER]
    return None if caller.prefix is None else caller.name


CallerName = Annotated[str | None, Depends(read_caller_name)]
"""Name of a request's key; None if keys are not required."""


def needed_scopes(route: RouteContext | APIRoute) -> list[Scope]:
    """Return the scopes that a route declares."""
    declared: Sequence[params.Depends] = getattr(route, "dependencies", None) or ()
    checks = (dependency.dependency for dependency in declared)
    return [check.scope for check in checks if isinstance(check, ScopeCheck)]


def check_routes(app: FastAPI) -> None:
    """Check that every route is either public or declares its scope, so that none is forgotten.

    Raises:
        RuntimeError: If one is neither, or both.
    """
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        # A mounted folder is public if its files are.
        is_open = is_public(path) or (isinstance(route.original_route, Mount) and is_public(f"{path}/"))
        if is_open == bool(needed_scopes(route)):
            raise RuntimeError(
                f"The route '{path}' must either be on the list in api/auth/access.py or declare its scope, such as "
                "dependencies=[READ]."
            )


def _in_order(scopes: frozenset[Scope]) -> Sequence[Scope]:
    return [scope for scope in Scope if scope in scopes]
