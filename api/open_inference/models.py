"""Questions about models: names, metadata, readiness, configuration, statistics."""

from starlette.concurrency import run_in_threadpool

from api.open_inference.addresses import find_entry, find_model, read_address
from api.open_inference.inference import MAX_ROWS
from api.prediction.calls import Call, Reply, reply_json
from api.served_models.addresses import ModelAddress
from core.errors import InvalidInput
from core.served_models import ServedVersion
from db import served_models
from serving.protocols.open_inference.configuration import build_configuration
from serving.protocols.open_inference.interface import interface_of
from serving.protocols.open_inference.metadata import build_model_metadata
from serving.protocols.open_inference.statistics import ModelStatistics, build_statistics


async def list_models(call: Call) -> Reply:
    """Return the names of all models, as KServe does; `POST /v2/repository/index` has their versions."""
    names = dict.fromkeys(version.model_name for version in await _list_versions(call))
    return reply_json({"models": list(names)})


async def get_model_metadata(call: Call) -> Reply:
    """Return the inputs and outputs of a model, with their types and shapes, and its versions."""
    address = read_address(call.path_params)
    target = await find_model(call, address)
    entry = await find_entry(call, ModelAddress(address.name))
    interface = interface_of(target.lane.model)
    return reply_json(build_model_metadata(address.name, tuple(entry.model.versions), interface), [target.header])


async def get_model_readiness(call: Call) -> Reply:
    """Return `{"ready": true}` if the model can answer; its network is loaded with the first request."""
    address = read_address(call.path_params)
    entry = await find_entry(call, address)
    served = entry.choose(address.version)
    if entry.model.is_unloaded:
        raise _not_ready(address, "a client has unloaded it")
    if served is not None and served.version in entry.failures:
        raise _not_ready(address, entry.failures[served.version].error.detail)
    return reply_json({"name": address.name, "ready": True})


async def get_model_configuration(call: Call) -> Reply:
    """Return a model's configuration in Triton's form; labels and names of columns are among its parameters."""
    address = read_address(call.path_params)
    target = await find_model(call, address)
    interface = interface_of(target.lane.model)
    return reply_json(build_configuration(address.name, interface, MAX_ROWS), [target.header])


async def get_model_statistics(call: Call) -> Reply:
    """Return requests, rows, calls and times of each version, or of one, since this process loaded it."""
    address = read_address(call.path_params)
    entry = await find_entry(call, address)
    if address.version is None:
        versions = sorted(entry.model.versions.values(), key=lambda served: served.version)
    else:
        served = entry.choose(address.version)
        versions = [] if served is None else [served]
    return reply_json({"model_stats": [_measure(call, address.name, served) for served in versions]})


async def list_statistics(call: Call) -> Reply:
    """Return the statistics of every version of every model, since this process loaded it."""
    statistics = []
    for listed in await _list_versions(call):
        entry = call.service.models.peek(listed.model_name)
        served = None if entry is None else entry.model.versions.get(listed.version)
        if served is None:
            # No request has asked for the model yet.
            statistics.append(build_statistics(listed.model_name, listed.version, None))
        else:
            statistics.append(_measure(call, listed.model_name, served))
    return reply_json({"model_stats": statistics})


def _measure(call: Call, model_name: str, served: ServedVersion) -> ModelStatistics:
    lane = call.service.loader.peek(served)
    return build_statistics(model_name, served.version, None if lane is None else lane.statistics)


async def _list_versions(call: Call) -> list[served_models.ListedVersion]:
    def read() -> list[served_models.ListedVersion]:
        with call.service.database.reading() as session:
            return served_models.list_versions(session)

    return await run_in_threadpool(read)


def _not_ready(address: ModelAddress, reason: str) -> InvalidInput:
    version = "" if address.version is None else f", version {address.version},"
    return InvalidInput.at("", f"Model '{address.name}'{version} is not ready: {reason}", "not_ready")
