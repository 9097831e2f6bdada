"""Methods of the clients for drift."""

from trainyard.resources import drift
from trainyard.resources.drift import Drift
from trainyard.transport import AsyncTransport, Transport


class DriftMethods:
    """Part of `Client`."""

    _transport: Transport

    def get_drift(self, model: str, version: int | None = None, *, since: str | None = None) -> Drift:
        """Compare what a model version was asked and answered with its training samples.

        Args:
            model: Its name.
            version: Number of the version; by default the newest.
            since: Compare rows from then on: an age such as `24h`, a date or a time, or `always`; by default `7d`.

        Raises:
            NotFound: If there is no such model or version.
            InvalidRequest: If `since` is no moment.
        """
        number = version if version is not None else self._transport.send(drift.get_newest(model))
        return self._transport.send(drift.get_drift(model, number, since))

    def get_drift_picture(self, model: str, version: int | None = None, *, since: str | None = None) -> str:
        """Return the same as an SVG image."""
        number = version if version is not None else self._transport.send(drift.get_newest(model))
        return self._transport.send(drift.get_picture(model, number, since))


class AsyncDriftMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def get_drift(self, model: str, version: int | None = None, *, since: str | None = None) -> Drift:
        """Compare what a model version was asked with its training samples; see `Client.get_drift`."""
        number = version if version is not None else await self._transport.send(drift.get_newest(model))
        return await self._transport.send(drift.get_drift(model, number, since))

    async def get_drift_picture(self, model: str, version: int | None = None, *, since: str | None = None) -> str:
        """Return the same as an SVG image."""
        number = version if version is not None else await self._transport.send(drift.get_newest(model))
        return await self._transport.send(drift.get_picture(model, number, since))
