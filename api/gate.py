"""The gate: no request that is not public goes further without a key."""

from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

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
                try:
                    scope[CALLER] = await self._authenticator.identify(read_credential(scope["headers"]))
                except TrainyardError as error:
                    await answer_error(Request(scope, receive), error)(scope, receive, send)
                    return
        await self.app(scope, receive, send)
