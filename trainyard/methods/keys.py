"""Methods of the clients for API keys."""

from collections.abc import Sequence

from trainyard.resources import keys
from trainyard.resources.keys import KeyEntry, NewKey
from trainyard.transport import AsyncTransport, Transport


class KeyMethods:
    """Part of `Client`."""

    _transport: Transport

    def create_key(self, name: str, scopes: Sequence[str], *, lifetime_seconds: int | None = None) -> NewKey:
        """Create an API key. Its secret is in this answer and nowhere else.

        Sent once: a second request would create a second key. After `ServiceUnavailable` look with `list_keys`.

        Args:
            name: User or purpose of the key; two live keys may have the same.
            scopes: Of `read`, `submit`, `predict`, `admin`, `metrics`.
            lifetime_seconds: Until it expires; until it is revoked by default.

        Raises:
            Conflict: If two live keys have the name already.
        """
        return self._transport.send(keys.create(name, scopes, lifetime_seconds))

    def list_keys(self) -> list[KeyEntry]:
        """Return every API key there is or was."""
        return self._transport.send(keys.list_keys())

    def revoke_key(self, prefix: str) -> None:
        """Close an API key for good. Where the whole key is given, only its public part is sent.

        Raises:
            Conflict: If it is the last admin key, or one that the service was started with.
        """
        self._transport.send(keys.revoke(prefix))


class AsyncKeyMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def create_key(self, name: str, scopes: Sequence[str], *, lifetime_seconds: int | None = None) -> NewKey:
        """Create an API key. Its secret is in this answer and nowhere else; see `Client.create_key`."""
        return await self._transport.send(keys.create(name, scopes, lifetime_seconds))

    async def list_keys(self) -> list[KeyEntry]:
        """Return every API key there is or was; see `Client.list_keys`."""
        return await self._transport.send(keys.list_keys())

    async def revoke_key(self, prefix: str) -> None:
        """Close an API key for good; see `Client.revoke_key`."""
        await self._transport.send(keys.revoke(prefix))
