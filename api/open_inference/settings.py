"""Settings that Triton's clients may change: traces, logs, shared memory. They can look; changes are refused."""

from api.open_inference.addresses import find_entry, read_address
from api.prediction.calls import Call, Reply, reply_json
from core.errors import InvalidInput, NotFound
from serving.errors import show
from serving.protocols.open_inference.settings import (
    LOG_SETTINGS,
    LOGS_NOT_OFFERED,
    SHARED_MEMORY_NOT_OFFERED,
    TRACE_SETTINGS,
    TRACES_NOT_OFFERED,
    describe_missing_region,
)


async def get_trace_settings(call: Call) -> Reply:
    """Return Triton's trace settings: traces are off."""
    if "model" in call.path_params:
        await find_entry(call, read_address(call.path_params))
    return reply_json(TRACE_SETTINGS)


async def update_trace_settings(call: Call) -> Reply:
    """Refuse to trace requests, which is not offered."""
    if "model" in call.path_params:
        await find_entry(call, read_address(call.path_params))
    raise InvalidInput.at("", TRACES_NOT_OFFERED, "not_offered")


async def get_log_settings(call: Call) -> Reply:
    """Return Triton's log settings: the service logs to its standard error."""
    del call  # They are the same for all.
    return reply_json(LOG_SETTINGS)


async def update_log_settings(call: Call) -> Reply:
    """Refuse to change the log, which only the operator of the service can."""
    del call  # No settings are accepted.
    raise InvalidInput.at("", LOGS_NOT_OFFERED, "not_offered")


async def list_shared_memory(call: Call) -> Reply:
    """Return the registered regions of shared memory: none, as they are not offered."""
    del call  # There are none for anybody.
    return reply_json([])


async def get_shared_memory(call: Call) -> Reply:
    """Answer that there is no such region of shared memory, as they are not offered."""
    raise NotFound(describe_missing_region(show(call.path_params["region"])))


async def register_shared_memory(call: Call) -> Reply:
    """Refuse to register a region of shared memory, which is not offered."""
    del call  # No region is accepted.
    raise InvalidInput.at("", SHARED_MEMORY_NOT_OFFERED, "not_offered")


async def unregister_shared_memory(call: Call) -> Reply:
    """Unregister regions of shared memory: there are none, so nothing is to do."""
    del call  # There are none for anybody.
    return reply_json({})
