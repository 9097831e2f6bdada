"""Counts and times every HTTP request."""

import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.instruments import Instruments

PAGES = "pages"
"""The route of everything that is no operation: the docs pages with their files, /openapi.json."""
UNMATCHED = "unmatched"
"""The route of requests that were refused before one was looked for, or for which there is none."""
OTHER_METHOD = "other"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_STATUS = "none"
"""The status where the client was gone before there was an answer."""


class RequestMeter:
    """Wraps the app. What it names is a fixed set, whatever clients send: templates of routes, never paths."""

    def __init__(self, app: ASGIApp, instruments: Instruments) -> None:
        self.app = app
        self._requests = instruments.requests
        self._seconds = instruments.request_seconds
        self._in_progress = instruments.requests_in_progress
        # Looking a series up by its labels costs more than adding to it.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._in_progress.inc()
        began = time.perf_counter()
        try:
            await self.app(scope, receive, send_on)
        finally:
            seconds = time.perf_counter() - began
            self._in_progress.dec()
            self._note(_name_route(scope), _name_method(scope), status, seconds)

    def _note(self, route: str, method: str, status: int, seconds: float) -> None:
        status_class = status // 100
        counter = self._counters.get((route, method, status_class))
        if counter is None:
            label = f"{status_class}xx" if status else NO_STATUS
            counter = self._counters[route, method, status_class] = self._requests.labels(route, method, label)
        histogram = self._histograms.get((route, method))
        if histogram is None:
            histogram = self._histograms[route, method] = self._seconds.labels(route, method)
        counter.inc()
        histogram.observe(seconds)


def _name_route(scope: Scope) -> str:
    template = getattr(scope.get("route"), "path_format", None)
    if isinstance(template, str):
        return template
    # Pages and mounted files leave no route behind, only that something was found.
    return PAGES if "endpoint" in scope else UNMATCHED


def _name_method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD
