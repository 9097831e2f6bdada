"""Middleware of all requests."""

import time

from starlette._utils import get_route_path
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.access import ANYBODY, CALLER, is_public
from api.auth.authentication import Authenticator
from api.auth.credentials import read_credential
from api.auth.origins import Origins
from api.http.problems import answer_error, answer_unexpected
from api.monitoring.requests import RequestCounts, name_method, name_route
from api.startup import report_start
from core.errors import InvalidInput, TrainyardError


class RequestMiddleware:
    """Wraps the routes of the app, and processes every request.

    - HEAD is handled as GET; the server omits the body (RFC 9110 section 9.3.2).
    - Requests from pages of other sites are rejected. Bodies are read without a look at their
      Content-Type, so the browser's own check of cross-site requests does not apply to them.
    - The caller is identified before a byte of the body is read. No routes are known here: what no route serves is
      closed as well, so that strangers cannot tell which routes there are, and a route that someone forgets to protect
      is still shut to everyone without a key.
    - An unhandled error becomes a 500 with the id of a log entry.
    - The request is counted, under names from a fixed set: templates of routes, never paths.

    Args:
        app: App to wrap.
        origins: Rejects requests of other sites.
        authenticator: Identifies callers.
        counts: Counts requests.
    """

    def __init__(self, app: ASGIApp, origins: Origins, authenticator: Authenticator, counts: RequestCounts) -> None:
        self.app = app
        self._origins = origins
        self._authenticator = authenticator
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or pass it on to the routes."""
        if scope["type"] != "http":
            await report_start(self.app, scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        status = 0
        is_private = self._authenticator.asks_for_keys and not is_public(get_route_path(scope))

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if is_private:
                    message = _kept_private(message)
            await send(message)

        counts = self._counts
        counts.num_in_progress += 1
        began = time.perf_counter()
        try:
            await self._check(scope, is_private=is_private)
            await self.app(scope, receive, send_on)
        except ClientDisconnect:
            # The client has disconnected.
            pass
        except Exception as error:
            if status:
                raise
            request = Request(scope, receive)
            if isinstance(error, TrainyardError):
                # Errors of the checks; those of routes are handled within.
                answer = answer_error(request, error)
            else:
                answer = answer_unexpected(request, error)
            await answer(scope, receive, send_on)
        finally:
            counts.num_in_progress -= 1
            counts.add(name_route(scope), name_method(scope), status, time.perf_counter() - began)

    async def _check(self, scope: Scope, *, is_private: bool) -> None:
        """Check a request and identify its caller.

        Raises:
            TrainyardError: If the request is rejected.
        """
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            # No name contains it, and PostgreSQL cannot store it.
            detail = "The address contains the character U+0000. Remove it."
            raise InvalidInput.at("", detail, "nul_character")
        rejection = self._origins.rejection(scope)
        if rejection is not None:
            raise rejection
        if is_private:
            scope[CALLER] = await self._authenticator.identify(read_credential(scope["headers"]))
        elif not self._authenticator.asks_for_keys:
            scope[CALLER] = ANYBODY


def _kept_private(message: Message) -> Message:
    """Forbid shared caches to store the response (RFC 9111 section 5.2.2.7).

    Caches handle Authorization by themselves, but not X-API-Key.
    """
    headers = message["headers"]
    if any(name.lower() == b"cache-control" for name, _ in headers):
        return message
    return {**message, "headers": [*headers, (b"cache-control", b"private")]}
