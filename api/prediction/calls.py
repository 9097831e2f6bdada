"""A prediction request and its response, as the handlers see them."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from api.http import bodies
from api.service import Service
from core.errors import InvalidInput, nearest

Headers = list[tuple[bytes, bytes]]

SMALL_BYTES = 64 * 1024
"""A body that is no larger arrives in one piece, and needs no limit while it arrives."""

JSON = b"application/json"

REMEDY = "Send fewer rows at a time, or raise TRAINYARD_MAX_PREDICT_BODY_BYTES."

MAX_ID_LENGTH = 200

MAX_TIMEOUT_DIGITS = 12

TIMEOUT_HEADER = b"x-request-timeout-ms"
"""Time within which the client wants the response, in milliseconds."""


class Call:
    """A request.

    Attributes:
        service: The service.
        headers: Headers by name in lower case; of those sent twice the last.
        path_params: Decoded parts of the path by the names in the operation's template.
    """

    __slots__ = ("_deadline", "_receive", "_request_id", "headers", "path_params", "scope", "service")

    def __init__(
        self,
        service: Service,
        scope: Scope,
        receive: Receive,
        headers: dict[bytes, bytes],
        path_params: Mapping[str, str],
    ) -> None:
        self.service = service
        self.scope = scope
        self.headers = headers
        self.path_params = path_params
        # A wrong limit is an error whether or not the request has to wait.
        self._deadline = None if TIMEOUT_HEADER not in headers else self._read_deadline(headers[TIMEOUT_HEADER])
        self._receive = receive
        self._request_id: str | None = None

    def _read_deadline(self, milliseconds: bytes) -> float:
        """Return the deadline that the client gives.

        Raises:
            InvalidInput: If it is not a positive whole number of milliseconds.
        """
        seconds = min(_read_timeout(milliseconds), self.service.settings.predict_timeout_seconds)
        return asyncio.get_running_loop().time() + seconds

    async def read_body(self) -> bytes:
        """Return the body, unpacked if it is encoded.

        Raises:
            InvalidInput: If it is too large, too slow, or its encoding is broken or not supported.
            ClientDisconnect: If the client has disconnected.
        """
        length = self.headers.get(b"content-length", b"")
        most = self.service.settings.max_predict_body_bytes
        is_small = length.isdigit() and int(length[:20]) <= min(SMALL_BYTES, most)
        if not is_small or b"content-encoding" in self.headers:
            return await bodies.read_body(Request(self.scope, self._receive), most, REMEDY)
        patience = self.service.patience
        body = b""
        is_complete = False
        task = patience.begin()
        try:
            while not is_complete:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                is_complete = not message.get("more_body", False)
        except asyncio.CancelledError as error:
            if patience.end(task):
                raise bodies.too_slow(len(body), bodies.PATIENCE_SECONDS) from error
            raise
        finally:
            patience.end(task)
        return body

    def read_query(self, known: tuple[str, ...]) -> dict[str, str]:
        """Return the query parameters; of those sent twice the last.

        Args:
            known: Names of the parameters that the operation has.

        Raises:
            InvalidInput: If there is another.
        """
        text = self.scope["query_string"]
        if not text:
            return {}
        given = dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True))
        for name in given:
            if name not in known:
                raise InvalidInput(f"There is no query parameter '{name[:80]}' here.{nearest(name, known)}")
        return given

    @property
    def deadline(self) -> float:
        """Return the time of the event loop's clock after which nobody waits for the response."""
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self.service.settings.predict_timeout_seconds
        return self._deadline

    @deadline.setter
    def deadline(self, deadline: float) -> None:
        self._deadline = deadline

    @property
    def request_id(self) -> str:
        """Return the id by which versions that share requests are chosen: the client's, or a random one."""
        if self._request_id is None:
            given = self.headers.get(b"x-request-id", b"")[:MAX_ID_LENGTH].decode("latin-1")
            self._request_id = given or secrets.token_hex(8)
        return self._request_id

    @request_id.setter
    def request_id(self, request_id: str) -> None:
        self._request_id = request_id


def _read_timeout(text: bytes) -> float:
    """Return the seconds in a header with milliseconds.

    Raises:
        InvalidInput: If it is not a positive whole number.
    """
    if not (text.isdigit() and len(text) <= MAX_TIMEOUT_DIGITS and int(text) > 0):
        shown = text[:40].decode("latin-1")
        raise InvalidInput(f"X-Request-Timeout-Ms is '{shown}'. Send a positive whole number of milliseconds.")
    return int(text) / 1000


class Reply:
    """A response.

    Attributes:
        body: Bytes of the body.
        headers: Headers besides Content-Length.
        status: HTTP status.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, body: bytes, headers: Headers, status: int = 200) -> None:
        self.body = body
        self.headers = headers
        self.status = status


def reply_json(value: Any, headers: Headers | None = None, status: int = 200) -> Reply:
    """Return a response with a JSON body."""
    return Reply(orjson.dumps(value), [(b"content-type", JSON), *(headers or [])], status)
