"""Middleware of all requests."""

import time

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.access import CALLER, Caller
from api.auth.gate import Gate
from api.http.problems import REFUSED_QUOTA, answer_any
from api.live.wire import IS_HEAD, MEDIA_TYPE
from api.monitoring.requests import RequestCounts, name_method, name_route
from api.startup import report_start


class RequestMiddleware:
    """Wraps the routes of the app, and processes every request.

    - HEAD is handled as GET; the server omits the body (RFC 9110 section 9.3.2).
    - Requests from pages of other sites are rejected. Bodies are read without a look at their
      Content-Type, so the browser's own check of cross-site requests does not apply to them.
    - The caller is identified before a byte of the body is read. No routes are known here: what no route serves is
      closed as well, so that strangers cannot tell which routes there are, and a route that someone forgets to protect
      is still shut to everyone without a key.
    - An unhandled error becomes a 500 with the id of a log entry.
    - The request is counted, under names from a fixed set: templates of routes, never paths. The time of a stream of
      events is that until it begins; it lasts as long as its client likes.

    Args:
        app: App to wrap.
        gate: Checks requests and identifies their callers.
        counts: Counts requests.
    """

    def __init__(self, app: ASGIApp, gate: Gate, counts: RequestCounts) -> None:
        self.app = app
        self._gate = gate
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or pass it on to the routes."""
        if scope["type"] != "http":
            await report_start(self.app, scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", IS_HEAD: True}
        status = 0
        seconds: float | None = None
        is_private = self._gate.is_private(scope)

        async def send_on(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = (b"content-type", MEDIA_TYPE.encode()) in message["headers"]
                seconds = time.perf_counter() - began if is_stream else None
                if is_private:
                    message = with_quota(kept_private(message), scope)
            await send(message)

        counts = self._counts
        counts.num_in_progress += 1
        began = time.perf_counter()
        try:
            await self._gate.check(scope)
            await self.app(scope, receive, send_on)
        except ClientDisconnect:
            # The client has disconnected.
            pass
        except Exception as error:
            if status:
                raise
            # Errors of the checks; those of routes are handled within.
            request = Request(scope, receive)
            await answer_any(request, error)(scope, receive, send_on)
        finally:
            counts.num_in_progress -= 1
            counts.add(
                name_route(scope),
                name_method(scope),
                status,
                time.perf_counter() - began if seconds is None else seconds,
            )
            counts.add_refusal(scope.get(REFUSED_QUOTA))


def with_quota(message: Message, scope: Scope) -> Message:
    """Tell the client how many requests it has left, if their number is limited."""
    caller: Caller | None = scope.get(CALLER)
    if caller is None or caller.meter is None:
        return message
    return {**message, "headers": [*message["headers"], *caller.meter.headers()]}


def kept_private(message: Message) -> Message:
    """Forbid shared caches to store the response (RFC 9111 section 5.2.2.7).

    Caches handle Authorization by themselves, but not X-API-Key.
    """
    headers = message["headers"]
    if any(name.lower() == b"cache-control" for name, _ in headers):
        return message
    return {**message, "headers": [*headers, (b"cache-control", b"private")]}
