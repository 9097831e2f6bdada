"""Methods of the clients for quotas and retention."""

from collections.abc import Mapping
from typing import Any

from trainyard.resources import quotas, retention
from trainyard.resources.quotas import Usage
from trainyard.resources.retention import RetentionReport
from trainyard.transport import AsyncTransport, Transport


class LimitMethods:
    """Part of `Client`."""

    _transport: Transport

    def usage(self) -> Usage:
        """Return your limits, and what you use of them.

        Keys of one name share both. Without keys they are those of everybody.
        """
        return self._transport.send(quotas.get_usage())

    def list_quotas(self) -> list[Usage]:
        """Return limits and use of everyone who has a key, or has submitted a run."""
        return self._transport.send(quotas.list_quotas())

    def set_quotas(self, name: str, limits: Mapping[str, int | None]) -> Usage:
        """Change limits of the keys of a name; the others stay.

        Args:
            name: Name of the keys.
            limits: By name: `queued_runs`, `running_runs`, `disk_bytes`, `requests_per_minute`, `priority`. None brings
                back the limit of the service's settings; 0 is no limit, but for `priority`.

        Raises:
            NotFound: If no key has this name.
            InvalidRequest: If a limit is none.
        """
        return self._transport.send(quotas.change(name, limits))

    def prune(
        self, policy: Mapping[str, Any] | None = None, *, dry_run: bool = True, max_shown: int = 100
    ) -> RetentionReport:
        """Delete old runs by a policy, or see which would go. A dry run unless `dry_run` is False.

        Runs that are in use are kept: those that an alias or an unfinished batch prediction uses.

        Args:
            policy: `max_age_days`, `max_runs`, `max_runs_per_experiment`, `keep_tag`, `keep_newest`; that of the
                service's settings by default.
            dry_run: False to delete them.
            max_shown: Most runs that the report of a dry run lists.

        Returns:
            The report; call again while it is not complete.
        """
        return self._transport.send(retention.apply(policy, dry_run=dry_run, max_shown=max_shown))


class AsyncLimitMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def usage(self) -> Usage:
        """Return your limits, and what you use of them; see `Client.usage`."""
        return await self._transport.send(quotas.get_usage())

    async def list_quotas(self) -> list[Usage]:
        """Return limits and use of everyone; see `Client.list_quotas`."""
        return await self._transport.send(quotas.list_quotas())

    async def set_quotas(self, name: str, limits: Mapping[str, int | None]) -> Usage:
        """Change limits of the keys of a name; see `Client.set_quotas`."""
        return await self._transport.send(quotas.change(name, limits))

    async def prune(
        self, policy: Mapping[str, Any] | None = None, *, dry_run: bool = True, max_shown: int = 100
    ) -> RetentionReport:
        """Delete old runs by a policy, or see which would go; see `Client.prune`."""
        return await self._transport.send(retention.apply(policy, dry_run=dry_run, max_shown=max_shown))
