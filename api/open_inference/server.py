"""Questions about the server: what it is, and if it lives and is ready."""

from importlib.metadata import version

from starlette.concurrency import run_in_threadpool

from api.prediction.calls import Call, Reply, reply_json
from db import served_models
from serving.protocols.open_inference.metadata import build_server_metadata

VERSION = version("trainyard")


async def get_server_metadata(call: Call) -> Reply:
    """Return the name and the version of the server, and the extensions of the protocol that it has."""
    del call  # It is the same for all.
    return reply_json(build_server_metadata(VERSION))


async def get_server_liveness(call: Call) -> Reply:
    """Return `{"live": true}`. Restart a process that does not answer."""
    del call  # It is the same for all.
    return reply_json({"live": True})


async def get_server_readiness(call: Call) -> Reply:
    """Return `{"ready": true}`, or 503 while the database does not answer; models in memory go on predicting then."""

    def look() -> None:
        with call.service.database.reading() as session:
            served_models.read(session, "")

    await run_in_threadpool(look)
    return reply_json({"ready": True})
