"""Methods of the clients for presets and specs."""

from collections.abc import Mapping
from typing import Any

from trainyard.resources import specs
from trainyard.resources.specs import Preset, PresetOrSpec, SpecReport
from trainyard.transport import AsyncTransport, Transport


class SpecMethods:
    """Part of `Client`."""

    _transport: Transport

    def list_presets(self) -> list[Preset]:
        """Return the catalogue of specs that can be run as they stand."""
        return self._transport.send(specs.list_presets())

    def get_preset(self, name: str) -> Preset:
        """Return one preset.

        Raises:
            NotFound: If none has this name; the message names the nearest.
        """
        return self._transport.send(specs.get_preset(name))

    def validate(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> SpecReport:
        """Check what `submit` takes, and describe its network; nothing is queued.

        Raises:
            InvalidRequest: If it cannot be trained; `problems` lists where.
        """
        return self._transport.send(specs.validate(preset_or_spec, variant=variant, overrides=overrides))


class AsyncSpecMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def list_presets(self) -> list[Preset]:
        """Return the catalogue of specs that can be run as they stand; see `Client.list_presets`."""
        return await self._transport.send(specs.list_presets())

    async def get_preset(self, name: str) -> Preset:
        """Return one preset; see `Client.get_preset`."""
        return await self._transport.send(specs.get_preset(name))

    async def validate(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> SpecReport:
        """Check what `submit` takes, and describe its network; nothing is queued; see `Client.validate`."""
        return await self._transport.send(specs.validate(preset_or_spec, variant=variant, overrides=overrides))
