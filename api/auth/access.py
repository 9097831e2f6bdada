"""Access: which scope each route needs (`@router.get(…, dependencies=[READ])`), and what is open to everybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Depends, FastAPI, Request, params
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Mount

from api.http.errors import InsufficientScope
from core.api_keys import Scope, allows

PUBLIC_PATHS = frozenset({"/", "/docs", "/redoc", "/openapi.json", "/healthz", "/readyz"})

PUBLIC_FOLDER = "/static/"
"""Files of the pages."""


def is_public(path: str) -> bool:
    """Return whether a path, as the router sees it, is on this list; `/healthz/` and `/static` are not."""
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


@dataclass(frozen=True, slots=True)
class ScopeCheck:
    """A dependency of routes: lets a request pass whose key has a scope."""

    scope: Scope

    async def __call__(self, request: Request) -> None:
        """Check a request.

        Raises:
            InsufficientScope: Naming the scope that is needed and those that the key has.
        """
        # Where no caller was identified nobody may pass: one that is missing is an error of ours, answered as one.
        caller: Caller = request.scope[CALLER]
        if not allows(caller.scopes, self.scope):
            raise InsufficientScope(self.scope, _in_order(caller.scopes))


READ = Depends(ScopeCheck(Scope.READ))

SUBMIT = Depends(ScopeCheck(Scope.SUBMIT))

PREDICT = Depends(ScopeCheck(Scope.PREDICT))

ADMIN = Depends(ScopeCheck(Scope.ADMIN))

METRICS = Depends(ScopeCheck(Scope.METRICS))


def needed_scopes(route: RouteContext) -> list[Scope]:
    """Return the scopes that a route declares."""
    declared: Sequence[params.Depends] = getattr(route, "dependencies", None) or ()
    checks = (dependency.dependency for dependency in declared)
    return [check.scope for check in checks if isinstance(check, ScopeCheck)]


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
