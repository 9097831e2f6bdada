"""Check of an uploaded network in a process of its own, `python -m serving.checks.program`."""

import json
import logging
import math
import signal
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.child_processes import Ended, run_module
from api.http.errors import RejectedNetwork
from api.service import Service
from core.errors import TrainyardError
from core.signatures.given import GivenSignature
from core.signatures.signature import ModelSignature
from core.uploads.incoming import IncomingDataset

logger = logging.getLogger(__name__)

GIVEN_SIGNATURE = "given_signature.json"


async def check_upload(
    service: Service, incoming: IncomingDataset, given: GivenSignature, request: Request
) -> ModelSignature:
    """Return the signature of an uploaded network.

    Args:
        service: The service.
        incoming: Folder with the network, as its original.
        given: What the client says about it.
        request: The check ends when its client goes away.

    Raises:
        RejectedNetwork: If it cannot be served; the error says what to do.
        Unavailable: If too many uploads are being processed.
        ClientDisconnect: If the client has disconnected.
    """
    settings = service.settings
    signature = incoming.path / GIVEN_SIGNATURE
    timeout = settings.network_check_timeout_seconds
    arguments = [
        *(str(incoming.folder.original), str(signature)),
        *("--memory-bytes", str(settings.network_check_memory_bytes)),
        *("--cpu-seconds", str(math.ceil(timeout))),
    ]
    async with service.ingestion.turn():
        await run_in_threadpool(signature.write_text, given.model_dump_json(exclude_unset=True))
        try:
            ended = await run_module(
                "serving.checks.program", arguments, incoming.scratch, timeout_seconds=timeout, request=request
            )
        except TimeoutError as error:
            raise _too_slow(timeout) from error
        return await run_in_threadpool(_read_answer, ended, timeout)


def _read_answer(ended: Ended, timeout: float) -> ModelSignature:
    if ended.status == -signal.SIGXCPU:
        raise _too_slow(timeout)
    if ended.status < 0:
        logger.warning("The check of a network ended with status %d: %s", ended.status, ended.complaint)
        raise RejectedNetwork(
            f"The check of the network ended with {signal.Signals(-ended.status).name}: onnxruntime cannot cope with "
            "it. Export it again, with another opset.",
            "check_ended",
        )
    if ended.status:
        logger.error("The check of a network ended with status %d: %s", ended.status, ended.complaint)
        raise TrainyardError("The service failed to check the network. Its log has the details.")
    try:
        answered: dict[str, Any] = json.loads(ended.answer.read_bytes())
        if "rejected" in answered:
            raise RejectedNetwork(str(answered["rejected"]["detail"]), str(answered["rejected"]["code"]))
        return ModelSignature.model_validate(answered["signature"])
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise TrainyardError("The output of the process that checked the network cannot be parsed.") from error


def _too_slow(timeout: float) -> RejectedNetwork:
    return RejectedNetwork(
        f"Loading the network and computing a few rows took longer than {timeout:g} s "
        "(TRAINYARD_NETWORK_CHECK_TIMEOUT_SECONDS). Send a smaller network, or one whose loops end.",
        "too_slow",
    )
