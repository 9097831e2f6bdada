"""The repository of models: its index, and loading and unloading of models in all processes."""

from typing import Any

from starlette.concurrency import run_in_threadpool

from api.http.json_text import parse_strictly
from api.open_inference.addresses import find_model
from api.prediction.calls import Call, Reply, reply_json
from api.served_models.addresses import ModelAddress, get_model
from db import served_models
from serving.protocols.open_inference.repository import (
    IndexEntry,
    ModelState,
    check_load_request,
    check_unload_request,
    read_index_request,
)


async def index_repository(call: Call) -> Reply:
    """Return every version of every model with its state, or only those that are ready."""
    only_ready = read_index_request(await _read_json(call))

    def read() -> list[served_models.ListedVersion]:
        with call.service.database.reading() as session:
            return served_models.list_versions(session)

    entries = [_describe(call, listed) for listed in await run_in_threadpool(read)]
    return reply_json([entry for entry in entries if not only_ready or entry["state"] is ModelState.READY])


async def load_model(call: Call) -> Reply:
    """Serve a model again that was unloaded, and load its newest version and those of its aliases now."""
    name = call.path_params["model"]
    check_load_request(await _read_json(call))
    await _set_unloaded(call, name, is_unloaded=False)
    target = await find_model(call, ModelAddress(name))
    entry = call.service.models.find(name)
    for alias in () if entry is None else tuple(entry.model.aliases):
        await find_model(call, ModelAddress(name, alias))
    return reply_json({"name": name, "load": True}, [target.header])


async def unload_model(call: Call) -> Reply:
    """Stop serving a model in every process until it is loaded again; requests that have begun are answered."""
    name = call.path_params["model"]
    check_unload_request(await _read_json(call))
    await _set_unloaded(call, name, is_unloaded=True)
    return reply_json({"name": name, "unload": True})


async def _set_unloaded(call: Call, model_name: str, *, is_unloaded: bool) -> None:
    """Write it to the database, and let this process see it before the answer; the others follow."""

    def write() -> None:
        get_model(call.service.database, model_name)
        with call.service.database.transaction() as session:
            served_models.set_unloaded(session, model_name, is_unloaded=is_unloaded)

    await run_in_threadpool(write)
    await call.service.models.refresh(model_name)


def _describe(call: Call, listed: served_models.ListedVersion) -> IndexEntry:
    entry = call.service.models.peek(listed.model_name)
    failure = None if entry is None else entry.failures.get(listed.version)
    served = None if entry is None else entry.model.versions.get(listed.version)
    if listed.is_unloaded:
        state, reason = ModelState.UNAVAILABLE, "unloaded"
    elif failure is not None:
        state, reason = ModelState.UNAVAILABLE, failure.error.detail
    elif served is not None and call.service.loader.is_loading(served):
        state, reason = ModelState.LOADING, ""
    else:
        state, reason = ModelState.READY, ""
    return {"name": listed.model_name, "version": str(listed.version), "state": state, "reason": reason}


async def _read_json(call: Call) -> Any:
    """Return the parsed body; an empty object if it is empty, as clients send it."""
    body = await call.read_body()
    return parse_strictly(body) if body.strip() else {}
