"""Counts and times every HTTP request."""

import time

from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware import STATUS
from api.request_counts import RequestCounts

PAGES = "pages"
"""The route of everything that is no operation: the docs pages with their files, /openapi.json."""
UNMATCHED = "unmatched"
"""The route of requests that were refused before one was looked for, or for which there is none."""
OTHER_METHOD = "other"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMeter:
    """Wraps the app. What it names is a fixed set, whatever clients send: templates of routes, never paths.

    The status comes from api/middleware.py, which looks at each answer anyway: to stand between the app and the server
    once more would be the larger part of what this costs.
    """

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        self.app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        counts = self._counts
        counts.num_in_progress += 1
        began = time.perf_counter()
        try:
            await self.app(scope, receive, send)
        finally:
            seconds = time.perf_counter() - began
            counts.num_in_progress -= 1
            counts.add(_name_route(scope), _name_method(scope), scope.get(STATUS, 0), seconds)


def _name_route(scope: Scope) -> str:
    template = getattr(scope.get("route"), "path_format", None)
    if isinstance(template, str):
        return template
    # Pages and mounted files leave no route behind, only that something was found.
    return PAGES if "endpoint" in scope else UNMATCHED


def _name_method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD
