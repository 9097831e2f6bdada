"""The model registry: `Registry`, and `AsyncRegistry` for asyncio."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from trainyard.resources import aliases, registry
from trainyard.resources.aliases import Alias, AliasChange
from trainyard.resources.registry import Comparison, Deletion, Model, Version
from trainyard.transport import AsyncTransport, Transport


class Registry:
    """Models, their versions, and the aliases that decide which versions answer; `Client.registry`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_models(self) -> Iterator[Model]:
        """Yield the models that have a version, by name, fetched a page at a time as they are asked for."""
        return self._transport.list(registry.list_models_page)

    def get_model(self, model: str) -> Model:
        """Return one model.

        Raises:
            NotFound: If there is none; the message names the nearest.
        """
        return self._transport.send(registry.get_model(model))

    def list_versions(self, model: str) -> Iterator[Version]:
        """Yield the versions of a model, newest first, with their metrics on held-out samples."""
        return self._transport.list(lambda cursor: registry.list_versions_page(model, cursor))

    def get_version(self, model: str, version: int) -> Version:
        """Return one version with its lineage: `document` has its run, data, metrics and files.

        Raises:
            NotFound: If there is none; the message names those that there are.
        """
        return self._transport.send(registry.get_version(model, version))

    def compare(self, model: str, versions: Sequence[int]) -> Comparison:
        """Compare versions with the first of them: metrics on held-out samples, specs, data and sizes.

        Args:
            model: Name of the model.
            versions: Numbers of two to ten versions.

        Raises:
            InvalidArgument: If there is only one.
            NotFound: If one is not there.
        """
        return self._transport.send(registry.compare(model, versions))

    def delete_version(self, model: str, version: int, *, force: bool = False) -> Deletion:
        """Delete a version; the run that trained it stays.

        Args:
            model: Name of the model.
            version: Number of the version.
            force: Take it out of its aliases too; an alias that only it answers for is deleted.

        Raises:
            Conflict: If an alias uses it, unless forced.
        """
        return self._transport.send(registry.delete(model, version, force=force))

    def delete_model(self, model: str, *, force: bool = False) -> Deletion:
        """Delete a model with its versions; the runs that trained them stay.

        Args:
            model: Name of the model.
            force: Delete its aliases too.

        Raises:
            Conflict: If it has aliases, unless forced.
        """
        return self._transport.send(registry.delete(model, None, force=force))

    def list_aliases(self, model: str) -> Iterator[Alias]:
        """Yield the aliases of a model, by name."""
        return self._transport.list(lambda cursor: aliases.list_page(model, cursor))

    def get_alias(self, model: str, alias: str) -> Alias:
        """Return one alias.

        Raises:
            NotFound: If there is none; the message names the nearest.
        """
        return self._transport.send(aliases.get(model, alias))

    def set_alias(
        self,
        model: str,
        alias: str,
        version: int | Mapping[int, int],
        *,
        shadow: int | None = None,
        if_better: str | None = None,
        etag: str | None = None,
    ) -> Alias:
        """Set an alias to a version, or to several that share the requests. What it was before is replaced.

        Args:
            model: Name of the model.
            alias: Such as `production`.
            version: Number of the version; or numbers with weights, such as `{3: 90, 4: 10}`.
            shadow: Number of a version that receives each request too, and whose answers are only compared.
            if_better: Key of a metric, such as `test/accuracy`: set it only if the versions that get more requests
                than before are better than those that get fewer.
            etag: Set it only if it is still the one that was answered with this ETag.

        Raises:
            NotFound: If a version is not there.
            Conflict: If it is not better, or the alias has changed since.
        """
        return self._transport.send(
            aliases.set_versions(model, alias, version, shadow=shadow, if_better=if_better, etag=etag)
        )

    def roll_back(self, model: str, alias: str, *, etag: str | None = None) -> Alias:
        """Undo the last change of an alias, also its deletion; each further call goes back one change more.

        Sent once: a second request would go back further. After `ServiceUnavailable` look with `get_alias`.

        Args:
            model: Name of the model.
            alias: The alias.
            etag: Do so only if it is still the one that was answered with this ETag.

        Raises:
            Conflict: If there is nothing to go back to, or the alias has changed since.
        """
        return self._transport.send(aliases.roll_back(model, alias, etag=etag))

    def delete_alias(self, model: str, alias: str, *, etag: str | None = None) -> None:
        """Delete an alias, but not its versions.

        Raises:
            NotFound: If there is none.
            Conflict: If it is no longer the one that was answered with this ETag.
        """
        self._transport.send(aliases.delete(model, alias, etag=etag))

    def get_history(self, model: str, alias: str) -> Iterator[AliasChange]:
        """Yield the changes of an alias, newest first; also of one that was deleted."""
        return self._transport.list(lambda cursor: aliases.history_page(model, alias, cursor))


class AsyncRegistry:
    """`Registry` for asyncio: the same methods as coroutines, and lists for `async for`; `AsyncClient.registry`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list_models(self) -> AsyncIterator[Model]:
        """Yield the models that have a version, by name; see `Registry.list_models`."""
        return self._transport.list(registry.list_models_page)

    async def get_model(self, model: str) -> Model:
        """Return one model; see `Registry.get_model`."""
        return await self._transport.send(registry.get_model(model))

    def list_versions(self, model: str) -> AsyncIterator[Version]:
        """Yield the versions of a model, newest first; see `Registry.list_versions`."""
        return self._transport.list(lambda cursor: registry.list_versions_page(model, cursor))

    async def get_version(self, model: str, version: int) -> Version:
        """Return one version with its lineage; see `Registry.get_version`."""
        return await self._transport.send(registry.get_version(model, version))

    async def compare(self, model: str, versions: Sequence[int]) -> Comparison:
        """Compare versions with the first of them; see `Registry.compare`."""
        return await self._transport.send(registry.compare(model, versions))

    async def delete_version(self, model: str, version: int, *, force: bool = False) -> Deletion:
        """Delete a version; see `Registry.delete_version`."""
        return await self._transport.send(registry.delete(model, version, force=force))

    async def delete_model(self, model: str, *, force: bool = False) -> Deletion:
        """Delete a model with its versions; see `Registry.delete_model`."""
        return await self._transport.send(registry.delete(model, None, force=force))

    def list_aliases(self, model: str) -> AsyncIterator[Alias]:
        """Yield the aliases of a model, by name; see `Registry.list_aliases`."""
        return self._transport.list(lambda cursor: aliases.list_page(model, cursor))

    async def get_alias(self, model: str, alias: str) -> Alias:
        """Return one alias; see `Registry.get_alias`."""
        return await self._transport.send(aliases.get(model, alias))

    async def set_alias(
        self,
        model: str,
        alias: str,
        version: int | Mapping[int, int],
        *,
        shadow: int | None = None,
        if_better: str | None = None,
        etag: str | None = None,
    ) -> Alias:
        """Set an alias to a version, or to several that share the requests; see `Registry.set_alias`."""
        return await self._transport.send(
            aliases.set_versions(model, alias, version, shadow=shadow, if_better=if_better, etag=etag)
        )

    async def roll_back(self, model: str, alias: str, *, etag: str | None = None) -> Alias:
        """Undo the last change of an alias; see `Registry.roll_back`."""
        return await self._transport.send(aliases.roll_back(model, alias, etag=etag))

    async def delete_alias(self, model: str, alias: str, *, etag: str | None = None) -> None:
        """Delete an alias, but not its versions; see `Registry.delete_alias`."""
        await self._transport.send(aliases.delete(model, alias, etag=etag))

    def get_history(self, model: str, alias: str) -> AsyncIterator[AliasChange]:
        """Yield the changes of an alias, newest first; see `Registry.get_history`."""
        return self._transport.list(lambda cursor: aliases.history_page(model, alias, cursor))
