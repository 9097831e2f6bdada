"""`python -m benchmarks.prediction_steps`: the processor time of each step of a prediction, in this process.

One row of JSON for a small network, with an API key, as `benchmarks.serving` sends it; without a server and a network.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import process_time
from typing import Any

import uvloop
from pydantic import SecretStr
from starlette.types import Message

from api.app import create_app
from api.prediction.calls import Call
from api.prediction.execution import execute
from api.prediction.targets import find_target
from api.served_models.addresses import read_address
from benchmarks.stored_service import Question, stored_service
from core.api_keys import make_key
from core.settings import Settings
from serving.protocols.tensorflow_serving.plain_rows import decode_plain_rows
from serving.protocols.tensorflow_serving.predict import encode_predict

NUM_CALLS = 5000

NUM_ROUNDS = 7


def main() -> None:
    """Measure and print."""
    logging.disable()
    key = make_key()
    with stored_service() as (settings, questions):
        locked = settings.model_copy(update={"bootstrap_key": SecretStr(key.reveal())})
        predict = next(question for question in questions if question.name == "predict")
        uvloop.run(_measure(locked, predict, key.reveal()))


async def _measure(settings: Settings, question: Question, key: str) -> None:
    app = create_app(settings)
    headers = [
        (b"host", b"127.0.0.1:8000"),
        (b"authorization", f"Bearer {key}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(question.body)).encode()),
    ]
    scope: dict[str, Any] = {
        "type": "http",
        "method": question.method,
        "path": question.path,
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "server": ("127.0.0.1", 8000),
        "state": {},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": question.body, "more_body": False}

    async def send(_message: Message) -> None:
        pass

    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
        service, found = app.state.service, app.predictions.find(scope)
        assert found is not None
        operation, path_params = found
        call = Call(service, scope, receive, dict(headers), path_params)
        address = read_address(path_params)
        target = await find_target(call, address)
        request = decode_plain_rows(question.body, target.signature, max_instances=1)
        assert request is not None
        outputs = await execute(call, target, request.inputs, 1)
        session = target.lane.model
        steps: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("find the operation", lambda: app.predictions.find(scope)),
            ("check origin and key", lambda: service.gate.admit(scope, dict(headers))),
            ("read the body", lambda: Call(service, scope, receive, dict(headers), path_params).read_body()),
            ("find version and network", lambda: find_target(call, read_address(path_params))),
            ("decode the rows", lambda: decode_plain_rows(question.body, target.signature, max_instances=1)),
            ("execute", lambda: execute(call, target, request.inputs, 1)),
            ("- of that onnxruntime", lambda: session.compute(request.inputs)),
            ("encode the answer", lambda: encode_predict(request, outputs, target.signature).to_json()),
            (
                "all of the handler",
                lambda: operation.handler(Call(service, scope, receive, dict(headers), path_params)),
            ),
            ("all of the app", lambda: app(scope, receive, send)),
        )
        for name, step in steps:
            print(f"{name:26s} {await _time(step) * 1e6:6.1f} µs")


async def _time(step: Callable[[], Any]) -> float:
    """Return the processor time of a call, that of the quickest round, in seconds."""
    best = float("inf")
    for _ in range(NUM_ROUNDS):
        began = process_time()
        for _ in range(NUM_CALLS):
            result = step()
            if isinstance(result, Coroutine):
                await result
        best = min(best, (process_time() - began) / NUM_CALLS)
    await asyncio.sleep(0)
    return best


if __name__ == "__main__":
    main()
