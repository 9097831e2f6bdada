"""Spans and their way to a collector. Imported only where traces are switched on: it takes 15 MB and 0.25 s."""

import logging
import os
import threading
from collections.abc import Mapping
from importlib.metadata import version
from typing import Literal
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tracing.context import TRACEPARENT

logger = logging.getLogger("trainyard.tracing")

TRACES_PATH = "/v1/traces"
CLOSE_SECONDS = 3.0
"""Longest time that the end of a process waits for a collector."""
NANOSECONDS = 1_000_000_000

Kind = Literal["internal", "server", "consumer"]
Attributes = Mapping[str, str | int | float | bool]

_PROPAGATOR = TraceContextTextMapPropagator()


class RunTracer:
    """Makes the spans of a process. A thread sends them in batches, and drops them if nothing takes them.

    The exporter's other settings are OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_HEADERS.

    Args:
        endpoint: Address of a collector that speaks OTLP over HTTP, with or without `/v1/traces`.
        service_name: `service.name` of the spans, unless OTEL_SERVICE_NAME says another.
    """

    def __init__(self, endpoint: str, service_name: str) -> None:
        facts = {
            SERVICE_NAME: os.environ.get(OTEL_SERVICE_NAME) or service_name,
            SERVICE_VERSION: version("trainyard"),
            SERVICE_INSTANCE_ID: str(uuid4()),
        }
        self._provider = TracerProvider(resource=Resource.create(facts), shutdown_on_exit=False)
        address = endpoint.rstrip("/").removesuffix(TRACES_PATH) + TRACES_PATH
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
        self._tracer = self._provider.get_tracer("trainyard", facts[SERVICE_VERSION])

    def start(
        self,
        name: str,
        parent: str | None,
        attributes: Attributes,
        *,
        kind: Kind = "internal",
        at: float | None = None,
    ) -> "RunSpan":
        """Begin a span.

        Args:
            name: One of few, by which spans are grouped.
            parent: Context to join; None to begin a trace.
            attributes: Facts that are known at the start.
            kind: As OpenTelemetry's SpanKind names it.
            at: Start in seconds since the Unix epoch; now by default.
        """
        context = Context() if parent is None else _PROPAGATOR.extract({TRACEPARENT: parent}, Context())
        return RunSpan(
            self._tracer.start_span(
                name, context, SpanKind[kind.upper()], dict(attributes), start_time=_to_nanoseconds(at)
            )
        )

    def close(self) -> None:
        """Send what is left; drop what nothing takes in a short time."""
        # The library waits for half a minute, and cannot be told less.
        closing = threading.Thread(target=self._provider.shutdown, name="traces-close", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)
        if closing.is_alive():
            logger.warning("No collector has taken the last spans within %g s; they are dropped.", CLOSE_SECONDS)


class RunSpan:
    """A span that has begun.

    Attributes:
        traceparent: Its context, for the spans below it in this process and others.
    """

    def __init__(self, span: Span) -> None:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(span))
        self.traceparent = carrier[TRACEPARENT]
        self._span = span

    def rename(self, name: str) -> None:
        """Give it another name, once more is known."""
        self._span.update_name(name)

    def note(self, attributes: Attributes) -> None:
        """Add facts."""
        self._span.set_attributes(dict(attributes))

    def fail(self, code: str) -> None:
        """Mark it as failed. The code is a word for programs: a text could hold what a user has sent."""
        self._span.set_attribute("error.type", code)
        self._span.set_status(StatusCode.ERROR)

    def end(self, *, at: float | None = None) -> None:
        """End it, now or at a time in seconds since the Unix epoch."""
        self._span.end(_to_nanoseconds(at))


def _to_nanoseconds(unix_seconds: float | None) -> int | None:
    return None if unix_seconds is None else int(unix_seconds * NANOSECONDS)
