"""Computation of explanations in a thread, within the time that the client waits."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from api.explanations.schemas import ExplainRequest
from api.prediction.calls import Call
from api.prediction.targets import Target
from core.errors import DeadlineExceeded
from core.signatures.signature import InputKind, ModelSignature
from serving.explanations.explanation import Explanation, Question, explain
from serving.protocols.tensorflow_serving.bodies import check_rows
from serving.protocols.tensorflow_serving.predict import decode_predict_file
from serving.rows.inputs import read_inputs
from serving.rows.tensors import RowsPointer

MAX_ROWS, MAX_IMAGES = 64, 8
"""Most rows of a request."""

BUSY = "Too many explanations wait already. Try again."


def read_question(request: ExplainRequest, signature: ModelSignature) -> Question:
    """Return the question of a request.

    Raises:
        InvalidInstances: If a row does not fit the model; as for `:predict`.
    """
    most = MAX_IMAGES if signature.input_kind is InputKind.IMAGE else MAX_ROWS
    batch = _decode("instances", request.instances, signature, most)
    background = _decode("background", request.background, signature, most) if request.background else None
    return Question(batch, request.method, request.target, request.num_samples, request.seed, background)


def read_file(content: bytes, signature: ModelSignature) -> Question:
    """Return the question of a request that is an image file.

    Raises:
        InvalidInstances: If the model does not take it; as for `:predict`.
    """
    return Question(decode_predict_file(content, signature).batch)


async def compute(call: Call, target: Target, question: Question) -> Explanation:
    """Explain the rows of a request in a thread.

    Raises:
        InvalidInstances: If the model or its answers cannot be explained.
        ServerBusy: If too many requests wait.
        DeadlineExceeded: If it takes longer than the client waits.
    """
    service = call.service
    deadline = time.monotonic() + call.deadline - asyncio.get_running_loop().time()
    entry = service.models.find(target.model_name)
    served = None if entry is None else entry.model.versions.get(target.version)
    model = target.lane.model

    def work() -> Explanation:
        summary = None if served is None else service.archive.read_summary(served)
        return explain(model.predict, model.signature, question, summary, _make_check(deadline))

    return await service.explainers.run(work, BUSY)


def _make_check(deadline: float) -> Callable[[], None]:
    def check() -> None:
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                "The explanation takes longer than the client waits, or than TRAINYARD_PREDICT_TIMEOUT_SECONDS. Send "
                "fewer rows, or a smaller num_samples."
            )

    return check


def _decode(field: str, rows: list[Any], signature: ModelSignature, most: int) -> NDArray[Any]:
    """Return the first input of rows in a field of the body."""
    inputs, _ = read_inputs(check_rows(rows, (field,), most), signature, RowsPointer((field,)))
    return inputs[signature.input.name]
