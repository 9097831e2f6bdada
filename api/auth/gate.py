"""The gate: no request that is not public goes further without a key, which comes in a header and nowhere else."""

from collections.abc import Iterable

from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.access import ANYBODY, CALLER, is_public
from api.auth.authentication import Authenticator
from api.http.errors import answer_error
from api.http.http_errors import KeyRefused, UnknownCredential
from core.api_keys import FORM_IN_WORDS, KEY_LENGTH, ApiKey, read_key
from core.errors import TrainyardError

AUTHORIZATION = b"authorization"

API_KEY_HEADER = b"x-api-key"

SCHEME = b"bearer"

MAX_VALUE_LENGTH = 2 * KEY_LENGTH
"""Of a header with a key in it: scheme, spaces and key have room, and longer ones are not looked into."""

HOW_TO_SEND = "Send it as 'Authorization: Bearer KEY' or as 'X-API-Key: KEY'"


def read_credential(headers: Iterable[tuple[bytes, bytes]]) -> ApiKey:
    """The key that a request brings, well formed; whether it opens anything is for others to say.

    Nothing of what came is repeated in a refusal: it may be a key that was sent in the wrong way.

    Args:
        headers: As ASGI has them: names in lower case, in the order in which they came.

    Raises:
        KeyRefused: If there is none.
        UnknownCredential: If there are several, or what came is no key.
    """
    bearer: list[bytes] = []
    plain: list[bytes] = []
    for name, value in headers:
        if name == AUTHORIZATION:
            bearer.append(value)
        elif name == API_KEY_HEADER:
            plain.append(value)
    if not bearer and not plain:
        raise KeyRefused(
            f"This needs an API key, and none came. {HOW_TO_SEND}; the trainyard command reads it from TRAINYARD_KEY."
        )
    if len(bearer) > 1 or len(plain) > 1:
        raise UnknownCredential(f"A header with an API key came twice. {HOW_TO_SEND}, once.")
    keys = {_read_text(value) for value in (*map(_strip_scheme, bearer), *plain)}
    if len(keys) > 1:
        raise UnknownCredential("Authorization and X-API-Key hold different keys. Send one of them.")
    return keys.pop()


def _strip_scheme(value: bytes) -> bytes:
    """What follows `Bearer` (RFC 6750 section 2.1); the scheme is in any case (RFC 9110 section 11.1)."""
    scheme, _, rest = value[: MAX_VALUE_LENGTH + 1].partition(b" ")
    if scheme.lower() != SCHEME:
        raise UnknownCredential(f"The Authorization header is not of the scheme Bearer. {HOW_TO_SEND}.")
    return rest


def _read_text(value: bytes) -> ApiKey:
    malformed = UnknownCredential(f"What came is no API key: those have the form {FORM_IN_WORDS}. {HOW_TO_SEND}.")
    if len(value) > MAX_VALUE_LENGTH or not value.isascii():
        raise malformed
    key = read_key(value.decode("ascii").strip(" \t"))
    if key is None:
        raise malformed
    return key


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
