"""Methods of the clients for API keys."""

from collections.abc import Mapping, Sequence

from trainyard.resources import keys
from trainyard.resources.keys import KeyEntry, NewKey
from trainyard.transport import AsyncTransport, Transport


class KeyMethods:
    """Part of `Client`."""

    _transport: Transport

    def create_key(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        lifetime_seconds: int | None = None,
        limits: Mapping[str, int | None] | None = None,
    ) -> NewKey:
        """Create an API key. Its secret is in this answer and nowhere else.

        However often the request has to be sent, one key comes of it. If the answer to the first request was lost, so
        is the secret: `Conflict` then names the key to revoke.

        Args:
            name: User or purpose of the key; two live keys may have the same.
            scopes: Of `read`, `submit`, `predict`, `admin`, `metrics`.
            lifetime_seconds: Until it expires; until it is revoked by default.
            limits: Limits to set for all keys of this name, as in `set_quotas`.

        Raises:
            Conflict: If two live keys have the name already, or the answer with the secret was lost.
        """
        return self._transport.send(keys.create(name, scopes, lifetime_seconds, limits))

    def list_keys(self) -> list[KeyEntry]:
        """Return every API key there is or was."""
        return list(self._transport.list(keys.list_page))

    def revoke_key(self, prefix: str) -> None:
        """Close an API key for good. Where the whole key is given, only its public part is sent.

        Raises:
            Conflict: If it is the last admin key, or one that the service was started with.
        """
        self._transport.send(keys.revoke(prefix))


class AsyncKeyMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def create_key(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        lifetime_seconds: int | None = None,
        limits: Mapping[str, int | None] | None = None,
    ) -> NewKey:
        """Create an API key. Its secret is in this answer and nowhere else; see `Client.create_key`."""
        return await self._transport.send(keys.create(name, scopes, lifetime_seconds, limits))

    async def list_keys(self) -> list[KeyEntry]:
        """Return every API key there is or was; see `Client.list_keys`."""
        return [entry async for entry in self._transport.list(keys.list_page)]

    async def revoke_key(self, prefix: str) -> None:
        """Close an API key for good; see `Client.revoke_key`."""
        await self._transport.send(keys.revoke(prefix))
