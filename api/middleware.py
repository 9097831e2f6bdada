"""What every request passes through before it reaches a route."""

import time

from starlette._utils import get_route_path
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.access import ANYBODY, CALLER, is_public
from api.auth.authentication import Authenticator
from api.auth.credentials import read_credential
from api.auth.origins import Origins
from api.http.problems import answer_error, answer_unexpected
from api.monitoring.requests import RequestCounts
from core.errors import InvalidInput, TrainyardError

STATUS = "trainyard.status"
"""Where in a request's ASGI scope the status of its answer stands once that has begun."""


class HeadAsGet:
    """Answers HEAD as GET; the server leaves the body out (RFC 9110 section 9.3.2).

    Outermost, for it is the one layer that hands on another scope than it was given: those within leave word for each
    other in it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send)


class Frame:
    """What holds for every request, whichever route it is for.

    - What a page of somebody else had a browser send is refused. Bodies are taken without a look at their
      Content-Type, so the browser's own check of cross-site requests does not apply to them.
    - An error that nothing else answered becomes a 500 that names an entry of the log.
    - The status of the answer, once it has begun, is left in the scope for the layers around this one.
    """

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer for it if it fails."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope[STATUS] = message["status"]
            await send(message)

        request = Request(scope, receive)
        refusal = _refuse_address(scope) or self._origins.refuse(scope)
        if refusal is not None:
            await answer_error(request, refusal)(scope, receive, send_on)
            return
        try:
            await self.app(scope, receive, send_on)
        except ClientDisconnect:
            # Nobody is left to answer.
            return
        except Exception as error:
            if STATUS in scope:
                raise
            await answer_unexpected(request, error)(scope, receive, send_on)


def _refuse_address(scope: Scope) -> TrainyardError | None:
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        # No name here holds it, and PostgreSQL takes no text with it.
        return InvalidInput("The address holds the character U+0000. Leave it out.")
    return None


class Gate:
    """Finds out who sends a request before anything else is done with it: no byte of its body has been read.

    It knows no routes. What no route serves is closed as well, so that strangers can not tell the two apart, and a
    route that someone forgets to protect is still shut to everyone without a key.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self.app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or answer 401."""
        if scope["type"] == "http":
            if not self._authenticator.asks_for_keys:
                scope[CALLER] = ANYBODY
            # The router's own idea of the path: the two must not differ.
            elif not is_public(get_route_path(scope)):
                send = _kept_private(send)
                try:
                    scope[CALLER] = await self._authenticator.identify(read_credential(scope["headers"]))
                except TrainyardError as error:
                    await answer_error(Request(scope, receive), error)(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def _kept_private(send: Send) -> Send:
    """Have no cache between here and the client give the answer to others (RFC 9111 section 5.2.2.7).

    Caches know what Authorization means; of X-API-Key they know nothing.
    """

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message["headers"]
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                message = {**message, "headers": [*headers, (b"cache-control", b"private")]}
        await send(message)

    return send_on


PAGES = "pages"
"""The route of everything that is no operation: the docs pages with their files, /openapi.json."""

UNMATCHED = "unmatched"
"""The route of requests that were refused before one was looked for, or for which there is none."""

OTHER_METHOD = "other"

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMeter:
    """Wraps the app. What it names is a fixed set, whatever clients send: templates of routes, never paths.

    The status comes from api/middleware.py, which looks at each answer anyway: to stand between the app and the
    server once more would be the larger part of what this costs.
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
