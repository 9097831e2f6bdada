"""Addresses of model versions under /v2/models."""

from collections.abc import Mapping

from api.prediction.calls import Call
from api.prediction.targets import ModelUnloaded, Target, find_target
from api.served_models.addresses import ModelAddress, read_version
from api.served_models.table import Entry
from core.errors import InvalidInput


def read_address(path_params: Mapping[str, str]) -> ModelAddress:
    """Return the address in the path parameters `model` and `version`, a number or an alias.

    Raises:
        UnknownModel: If the number is too large.
    """
    version = path_params.get("version")
    if version is None:
        return ModelAddress(path_params["model"])
    is_number = version.isascii() and version.isdecimal()
    return ModelAddress(path_params["model"], read_version(version) if is_number else version)


async def find_model(call: Call, address: ModelAddress) -> Target:
    """Return what answers a request.

    Raises:
        UnknownModel: If there is no such version.
        InvalidInput: If a client has unloaded the model; this protocol answers that with 400.
        ArtifactCorrupt: If its network cannot be loaded.
    """
    try:
        return await find_target(call, address)
    except ModelUnloaded as error:
        raise InvalidInput.at("", error.detail, error.code) from error


async def find_entry(call: Call, address: ModelAddress) -> Entry:
    """Return a model that has the version of an address; nothing is loaded.

    Raises:
        UnknownModel: If there is no such version.
    """
    models = call.service.models
    entry = models.find(address.name)
    if entry is None or entry.choose(address.version) is None:
        entry = await models.get(address)
    return entry
