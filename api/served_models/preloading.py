"""Models that are loaded at start and stay loaded."""

import logging

from api.served_models.addresses import ModelAddress
from api.served_models.loading import ModelLoader
from api.served_models.table import Entry, ModelTable
from core.errors import TrainyardError
from core.served_models import ServedVersion

logger = logging.getLogger(__name__)


def read_addresses(text: str) -> tuple[ModelAddress, ...]:
    """Read `iris, mnist@3, pets@champion`: names, each with a version or an alias or neither."""
    addresses = []
    for part in text.split(","):
        name, _, version = part.strip().partition("@")
        if name:
            is_number = version.isascii() and version.isdecimal()
            addresses.append(ModelAddress(name, int(version) if is_number else version or None))
    return tuple(addresses)


class Preloading:
    """Keeps the models of the settings loaded, through all changes of their versions and aliases.

    Args:
        addresses: The models.
        models: Models in memory.
        loader: Loads networks.
    """

    def __init__(self, addresses: tuple[ModelAddress, ...], models: ModelTable, loader: ModelLoader) -> None:
        self._addresses = addresses
        self._models = models
        self._loader = loader
        self._pinned: dict[ModelAddress, ServedVersion] = {}
        models.on_refresh(self._keep, [address.name for address in addresses])

    async def load(self) -> None:
        """Load all models. Those that cannot be loaded are reported in the log, and loaded when they can be."""
        for address in self._addresses:
            try:
                # Keeps the model in memory, so that its changes are followed.
                await self._models.get(address)
            except TrainyardError as error:
                logger.warning("The model '%s' of TRAINYARD_PRELOADED_MODELS is not loaded. %s", _name(address), error)

    async def _keep(self, entry: Entry) -> None:
        """Load what a model's addresses now stand for, and let what they stood for before go."""
        for address in self._addresses:
            if address.name != entry.model.name:
                continue
            served = entry.choose(address.version)
            before = self._pinned.get(address)
            if served is None or entry.model.is_unloaded or served == before:
                continue
            self._loader.pin(served)
            try:
                await self._loader.load(address.name, served)
            except TrainyardError as error:
                self._loader.unpin(served)
                logger.warning("The model '%s' of TRAINYARD_PRELOADED_MODELS is not loaded. %s", _name(address), error)
                continue
            self._pinned[address] = served
            if before is not None and before not in self._pinned.values():
                self._loader.unpin(before)


def _name(address: ModelAddress) -> str:
    return address.name if address.version is None else f"{address.name}@{address.version}"
