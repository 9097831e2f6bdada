"""The network that answers a request."""

from api.prediction.calls import Call
from api.served_models.addresses import ModelAddress
from api.served_models.table import Entry
from api.service import Service
from core.errors import ArtifactCorrupt, UnknownModel
from core.served_models import ServedVersion
from core.signatures.signature import ModelSignature
from serving.sessions.lanes import Lane

VERSION_HEADER = b"x-model-version"


class ModelUnloaded(UnknownModel):
    """A client has unloaded the model."""

    code = "model_unloaded"


class Target:
    """The version that answers a request. A request keeps it to its end, whatever changes meanwhile.

    Attributes:
        lane: Its network, and the calls of it.
        shadow: Version that receives the request too; None for none.
    """

    __slots__ = ("lane", "model_name", "shadow", "version")

    def __init__(self, model_name: str, version: int, lane: Lane, shadow: ServedVersion | None) -> None:
        self.model_name = model_name
        self.version = version
        self.lane = lane
        self.shadow = shadow

    @property
    def signature(self) -> ModelSignature:
        """Return the signature of its network."""
        return self.lane.model.signature

    @property
    def header(self) -> tuple[bytes, bytes]:
        """Return the header that names the version."""
        return VERSION_HEADER, b"%d" % self.version


async def find_target(call: Call, address: ModelAddress) -> Target:
    """Return what answers a request; its network is loaded if it is not in memory.

    Raises:
        UnknownModel: If there is no such version, or a client has unloaded the model.
        ArtifactCorrupt: If it cannot be loaded.
    """
    service = call.service
    entry = service.models.find(address.name)
    served = None if entry is None else entry.choose(address.version, _request_id(call, entry, address))
    if entry is None or served is None:
        entry = await service.models.get(address)
        served = entry.choose(address.version, _request_id(call, entry, address))
    if entry.model.is_unloaded or served is None:
        raise ModelUnloaded(
            f"Model '{address.name}' is unloaded. Load it: POST /v2/repository/models/{address.name}/load."
        )
    lane = service.loader.find(served)
    if lane is None:
        served, lane = await _load(service, entry, address, served)
    return Target(address.name, served.version, lane, _find_shadow(entry, address))


async def _load(
    service: Service, entry: Entry, address: ModelAddress, served: ServedVersion
) -> tuple[ServedVersion, Lane]:
    """Load a version; for a request that names none, the newest that can be loaded."""
    first: ArtifactCorrupt | None = None
    while True:
        try:
            lane = await service.loader.load(address.name, served)
        except ArtifactCorrupt as error:
            if address.version is not None:
                raise
            first = first or error
            service.models.note_failure(entry, served.version, error)
            following = entry.choose(None)
            if following is None or following.version in entry.failures:
                raise first from error
            served = following
        else:
            entry.failures.pop(served.version, None)
            return served, lane


def _request_id(call: Call, entry: Entry, address: ModelAddress) -> str:
    """Return the id that chooses among the versions of an alias, if it has several."""
    alias = entry.model.aliases.get(address.version) if isinstance(address.version, str) else None
    return call.request_id if alias is not None and alias.split else ""


def _find_shadow(entry: Entry, address: ModelAddress) -> ServedVersion | None:
    alias = entry.model.aliases.get(address.version) if isinstance(address.version, str) else None
    return None if alias is None or alias.shadow is None else entry.model.versions.get(alias.shadow)
