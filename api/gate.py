"""The gate: no request that is not public goes further without a key."""

from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import ANYBODY, CALLER
from api.authentication import Authenticator
from api.credentials import read_credential
from api.errors import answer_error
from api.public_paths import is_public
from core.errors import TrainyardError


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
