"""The ASGI app that answers prediction requests, ahead of everything that other requests pass through."""

import time
from http import HTTPStatus

from starlette._utils import get_route_path
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from api.auth.access import Caller
from api.auth.gate import Gate
from api.auth.metering import Headers, Meter
from api.http.errors import InsufficientScope
from api.http.problems import REFUSED_QUOTA, answer_any
from api.monitoring.requests import RequestCounts
from api.prediction.calls import Call, Reply
from api.prediction.operations import Operation, OperationTable
from api.service import Service
from core.api_keys import Scope as KeyScope
from core.api_keys import allows

PRIVATE = (b"cache-control", b"private")


class PredictionApp:
    """Answers the operations of the prediction protocols.

    A prediction of a small network takes a few microseconds; the framework's own way to a route takes many times as
    long. Checks, counting and errors are the same as for other requests (api/middleware.py).

    Args:
        service: The service.
        operations: What it answers.
    """

    def __init__(self, service: Service, operations: OperationTable) -> None:
        self._service = service
        self._operations = operations
        self._gate: Gate = service.gate
        self._counts: RequestCounts = service.instruments.requests
        self._more_headers = [PRIVATE] if service.gate.asks_for_keys else []

    def find(self, scope: Scope) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of a request; None if another part of the service answers it."""
        path = get_route_path(scope) if scope.get("root_path") else scope["path"]
        if not path.startswith(("/v1/models", "/v2")):
            return None
        method = scope["method"]
        return self._operations.find("GET" if method == "HEAD" else method, path)

    async def answer(
        self, scope: Scope, receive: Receive, send: Send, operation: Operation, path_params: dict[str, str]
    ) -> None:
        """Answer a request for an operation."""
        counts = self._counts
        counts.num_in_progress += 1
        began = time.perf_counter()
        status = 0
        meter: Meter | None = None
        try:
            headers = dict(scope["headers"])
            try:
                if operation.needed is None:
                    await self._gate.check(scope)
                else:
                    caller = await self._gate.admit(scope, headers)
                    meter = caller.meter
                    _check_scope(caller, operation.needed)
                call = Call(self._service, scope, receive, headers, path_params)
                reply = await operation.handler(call)
            except ClientDisconnect:
                return
            except Exception as error:  # noqa: BLE001 - every error becomes a response, as for other requests.
                status = await self._answer_error(scope, receive, send, error)
                return
            status = reply.status
            await self._send(send, reply, [] if meter is None else meter.headers())
        finally:
            counts.num_in_progress -= 1
            counts.add(operation.path, operation.method, status, time.perf_counter() - began)
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                counts.add_refusal(scope.get(REFUSED_QUOTA))

    async def _send(self, send: Send, reply: Reply, quota: Headers) -> None:
        length = (b"content-length", b"%d" % len(reply.body))
        headers = [*reply.headers, length, *self._more_headers, *quota]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer_error(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> int:
        """Send the response to an error; return its status."""

        async def send_private(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._more_headers]}
            await send(message)

        response = answer_any(Request(scope, receive), error)
        await response(scope, receive, send_private)
        return response.status_code


def _check_scope(caller: Caller, needed: KeyScope) -> None:
    if not allows(caller.scopes, needed):
        raise InsufficientScope(needed, [scope for scope in KeyScope if scope in caller.scopes])
