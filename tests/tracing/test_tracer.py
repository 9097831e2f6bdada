"""Spans on their way to a collector, and without one."""

import socket
import subprocess
import sys
import time

import pytest

from core.settings import Settings
from tracing import tracer as tracer_module
from tracing.opening import open_tracer
from tracing.tracer import RunTracer

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_spans_reach_the_collector_below_their_parent(collector, monkeypatch):
    address, spans = collector
    monkeypatch.setenv("OTEL_SERVICE_NAME", "of-the-environment")
    # The path that OpenTelemetry's own variables end with is welcome too.
    tracer = RunTracer(f"{address}/v1/traces", "trainyard-api")
    above = tracer.start("above", PARENT, {"trainyard.run.attempt": 2}, kind="server", at=1_700_000_000.5)
    below = tracer.start("below", above.traceparent, {})
    below.fail("trainer_lost")
    below.end()
    above.end(at=1_700_000_001.0)
    tracer.close()
    (server,), (internal,) = spans.named("above"), spans.named("below")
    assert {service for service, _ in spans.received} == {"of-the-environment"}
    assert server.trace_id.hex() == internal.trace_id.hex() == PARENT[3:35]
    assert server.parent_span_id.hex() == PARENT[36:52]
    assert internal.parent_span_id == server.span_id
    assert server.start_time_unix_nano == 1_700_000_000_500_000_000
    assert server.end_time_unix_nano == 1_700_000_001_000_000_000
    assert {entry.key: entry.value.int_value for entry in server.attributes} == {"trainyard.run.attempt": 2}
    assert internal.status.code == internal.status.STATUS_CODE_ERROR


def test_a_trace_that_its_client_does_not_sample_is_not_sent(collector):
    address, spans = collector
    tracer = RunTracer(address, "trainyard-api")
    span = tracer.start("above", PARENT[:-2] + "00", {})
    span.end()
    tracer.close()
    assert span.traceparent.startswith(PARENT[:35])
    assert span.traceparent.endswith("-00")
    assert spans.received == []


def test_a_collector_that_never_answers_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(tracer_module, "CLOSE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        tracer = RunTracer(f"http://127.0.0.1:{deaf.getsockname()[1]}", "trainyard-worker")
        for _ in range(5000):  # More than are kept.
            tracer.start("span", None, {}).end()
        began = time.monotonic()
        tracer.close()
        # OpenTelemetry itself would wait for 30 s.
        assert time.monotonic() - began < 10


def test_traces_are_off_by_default_and_load_nothing():
    program = (
        "import sys\n"
        "import api.app, worker.supervisor\n"
        "from core.settings import Settings\n"
        "from tracing.opening import open_tracer\n"
        "assert open_tracer(Settings(), 'trainyard-api') is None\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("address", ["localhost:4318", "ftp://collector", "http://", "http://a b", "http://a/?x=1"])
def test_an_address_that_is_not_of_http_is_rejected(address):
    with pytest.raises(ValueError, match="is not an address of HTTP"):
        Settings(traces_endpoint=address)


def test_a_setting_opens_a_tracer(collector):
    address, spans = collector
    tracer = open_tracer(Settings(traces_endpoint=address), "trainyard-worker")
    tracer.start("span", None, {}).end()
    tracer.close()
    assert [(service, span.name) for service, span in spans.received] == [("trainyard-worker", "span")]
