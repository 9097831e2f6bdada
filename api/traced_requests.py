"""Traces of the requests that submit runs."""

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.monitoring.requests import name_route
from tracing.context import TRACEPARENT, current_traceparent, parse_traceparent

if TYPE_CHECKING:
    from tracing.tracer import RunSpan, RunTracer

TRACED_PATHS = "/v1/runs"
FIRST_SERVER_ERROR = 500


class TracedRequests:
    """Middleware that gives requests to submit runs a trace context, which the run keeps for its attempts.

    The context is the span of the request, a child of the `traceparent` header if there is one. Without a tracer it is
    the header itself, so that a worker with traces joins the client's trace anyway.

    Args:
        app: App to wrap.
        tracer: None if traces are switched off.
    """

    def __init__(self, app: ASGIApp, tracer: "RunTracer | None") -> None:
        self.app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, traced or not."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(TRACED_PATHS):
            await self.app(scope, receive, send)
            return
        given = parse_traceparent(Headers(scope=scope).get(TRACEPARENT, ""))
        if self._tracer is None:
            await self._answer(given, scope, receive, send)
        else:
            await self._trace(self._tracer, given, scope, receive, send)

    async def _answer(self, traceparent: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        token = current_traceparent.set(traceparent)
        try:
            await self.app(scope, receive, send)
        finally:
            current_traceparent.reset(token)

    async def _trace(self, tracer: "RunTracer", parent: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        span = tracer.start("POST", parent, _describe_request(scope), kind="server")

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                _note_answer(span, scope, message)
            await send(message)
            # What follows the response, such as the doorbell, is not the client's time.
            if message["type"] == "http.response.body" and not message.get("more_body"):
                span.end()

        try:
            await self._answer(span.traceparent, scope, receive, send_on)
        finally:
            span.end()


def _describe_request(scope: Scope) -> dict[str, str | int]:
    host, port = scope.get("server") or ("", None)
    return {
        "http.request.method": "POST",
        "url.scheme": scope["scheme"],
        "url.path": scope["path"],
        "server.address": host,
        **({} if port is None else {"server.port": port}),
    }


def _note_answer(span: "RunSpan", scope: Scope, message: Message) -> None:
    status = message["status"]
    route = name_route(scope)
    span.rename(f"POST {route}")
    span.note({"http.route": route, "http.response.status_code": status})
    location = MutableHeaders(raw=message["headers"]).get("location", "")
    if location.startswith(f"{TRACED_PATHS}/"):
        span.note({"trainyard.run.id": location.removeprefix(f"{TRACED_PATHS}/")})
    if status >= FIRST_SERVER_ERROR:
        span.fail(str(status))
