"""The one layer that every request passes through before it reaches a route."""

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
    """Wraps the routes of the app, and does what holds for every request.

    - HEAD is answered as GET; the server leaves the body out (RFC 9110 section 9.3.2).
    - What a page of another site had a browser send is rejected. Bodies are read without a look at their
      Content-Type, so the browser's own check of cross-site requests does not apply to them.
    - The caller is identified before a byte of the body is read. No routes are known here: what no route serves is
      closed as well, so that strangers cannot tell which routes there are, and a route that someone forgets to protect
      is still shut to everyone without a key.
    - An error that nothing else answered becomes a 500 that names an entry of the log.
    - The request is counted, under names from a fixed set: templates of routes, never paths.

    Args:
        app: What to pass requests on to.
        origins: Rejects requests of other sites.
        authenticator: Identifies callers.
        counts: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, origins: Origins, authenticator: Authenticator, counts: RequestCounts) -> None:
        self.app = app
        self._origins = origins
        self._authenticator = authenticator
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have the routes answer it."""
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
            # Nobody is left to answer.
            pass
        except Exception as error:
            if status:
                raise
            request = Request(scope, receive)
            if isinstance(error, TrainyardError):
                # Of the checks: what a route raised was answered within.
                answer = answer_error(request, error)
            else:
                answer = answer_unexpected(request, error)
            await answer(scope, receive, send_on)
        finally:
            counts.num_in_progress -= 1
            counts.add(name_route(scope), name_method(scope), status, time.perf_counter() - began)

    async def _check(self, scope: Scope, *, is_private: bool) -> None:
        """Find out whose request this is.

        Raises:
            TrainyardError: If it is not to be answered.
        """
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            # No name here holds it, and PostgreSQL stores no text with it.
            raise InvalidInput("The address holds the character U+0000. Leave it out.")
        rejection = self._origins.rejection(scope)
        if rejection is not None:
            raise rejection
        if is_private:
            scope[CALLER] = await self._authenticator.identify(read_credential(scope["headers"]))
        elif not self._authenticator.asks_for_keys:
            scope[CALLER] = ANYBODY


def _kept_private(message: Message) -> Message:
    """Have no cache between here and the client give the answer to others (RFC 9111 section 5.2.2.7).

    Caches know what Authorization means; of X-API-Key they know nothing.
    """
    headers = message["headers"]
    if any(name.lower() == b"cache-control" for name, _ in headers):
        return message
    return {**message, "headers": [*headers, (b"cache-control", b"private")]}
