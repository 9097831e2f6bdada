"""Checks that every request passes before it is served: its address, its origin, its key."""

import hashlib

from starlette._utils import get_route_path
from starlette.types import Scope as AsgiScope

from api.auth.access import ANYBODY, CALLER, Caller, is_public
from api.auth.authentication import Authenticator, digest_of
from api.auth.credentials import read_credential
from api.auth.origins import Origins
from api.http.errors import KeyRejected
from core.api_keys import Scope, allows
from core.errors import InvalidInput

Headers = dict[bytes, bytes]

FROM_BROWSERS = (b"origin", b"sec-fetch-site")
"""Headers by which the method of a request matters to the check of its origin."""

MAX_REMEMBERED = 1024


class Gate:
    """Checks requests, and remembers what it has accepted.

    Args:
        origins: Rejects requests of other sites.
        authenticator: Identifies callers.
    """

    def __init__(self, origins: Origins, authenticator: Authenticator) -> None:
        self.asks_for_keys = authenticator.asks_for_keys
        self.origins = origins
        self._authenticator = authenticator
        self._accepted: dict[tuple[object, ...], bytes] = {}

    def is_private(self, scope: AsgiScope) -> bool:
        """Return True if a request needs a key."""
        return self.asks_for_keys and not is_public(get_route_path(scope))

    async def check(self, scope: AsgiScope) -> None:
        """Check a request and put its caller into its scope.

        Raises:
            TrainyardError: If the request is rejected.
        """
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            # No name contains it, and PostgreSQL cannot store it.
            detail = "The address contains the character U+0000. Remove it."
            raise InvalidInput.at("", detail, "nul_character")
        rejection = self.origins.rejection(scope)
        if rejection is not None:
            raise rejection
        if self.is_private(scope):
            caller = await self._authenticator.identify(read_credential(scope["headers"]))
            scope[CALLER] = caller
            if caller.meter is not None:
                caller.meter.take()
        elif not self.asks_for_keys:
            scope[CALLER] = ANYBODY

    async def admits_still(self, scope: AsgiScope, needed: Scope) -> bool:
        """Return True if the key of an accepted request is still valid, as that of a response that goes on for long.

        Raises:
            DatabaseUnavailable: If the database does not answer.
        """
        if not self.asks_for_keys:
            return True
        try:
            caller = await self._authenticator.identify(read_credential(scope["headers"]))
        except KeyRejected:
            return False
        return allows(caller.scopes, needed)

    async def admit(self, scope: AsgiScope, headers: Headers) -> Caller:
        """Check a request that needs a key where keys are required, as `check` does; return its caller.

        Requests that differ from an accepted one only in address and body are accepted without another look.

        Args:
            scope: Scope of the request.
            headers: Its headers; of those sent twice the last.

        Raises:
            TrainyardError: If the request is rejected.
        """
        is_plain = (
            len(headers) == len(scope["headers"])
            and b"%00" not in scope["query_string"]
            and "\x00" not in scope["path"]
            and not any(name in headers for name in FROM_BROWSERS)
        )
        if not is_plain:
            await self.check(scope)
            return _caller_of(scope)
        sent = (
            headers.get(b"host"),
            *(scope.get("server") or ()),
            _hash_credential(headers) if self.asks_for_keys else b"",
        )
        digest = self._accepted.get(sent)
        if digest is not None:
            caller = self._authenticator.recall(digest) if self.asks_for_keys else ANYBODY
            if caller is not None:
                if caller.meter is not None:
                    caller.meter.take()
                return caller
        await self.check(scope)
        if len(self._accepted) >= MAX_REMEMBERED:
            self._accepted.clear()
        self._accepted[sent] = digest_of(read_credential(scope["headers"])) if self.asks_for_keys else b""
        return _caller_of(scope)


def _hash_credential(headers: Headers) -> bytes:
    """Return a hash of the headers with a key, which no secret can be read from."""
    sent = headers.get(b"authorization", b"") + b"\n" + headers.get(b"x-api-key", b"")
    return hashlib.sha256(sent).digest()


def _caller_of(scope: AsgiScope) -> Caller:
    caller: Caller = scope[CALLER]
    return caller
