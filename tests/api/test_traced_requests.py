"""Traces of requests that submit runs."""

import socket
from uuid import UUID

import pytest

from db import runs

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
BODY = {"preset": "perceptron-or"}


@pytest.fixture
def read_traceparent(database):
    """The context that a run keeps."""

    def read(run):
        with database.reading() as session:
            return runs.get(session, UUID(run["id"])).traceparent

    return read


def facts(span):
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("value")) for entry in span.attributes}


def test_without_traces_a_run_keeps_the_context_of_its_client(client, read_traceparent):
    run = client.post("/v1/runs", json=BODY, headers={"traceparent": TRACEPARENT}).json()
    assert read_traceparent(run) == TRACEPARENT


@pytest.mark.parametrize("headers", [{}, {"traceparent": "nonsense"}, {"traceparent": f"00-{TRACE}-{'0' * 16}-01"}])
def test_a_run_without_a_valid_context_keeps_none(client, read_traceparent, headers):
    answer = client.post("/v1/runs", json=BODY, headers=headers)
    assert answer.status_code == 202
    assert read_traceparent(answer.json()) is None


def test_a_request_is_a_span_below_that_of_its_client(make_client, make_settings, collector, read_traceparent):
    address, spans = collector
    client = make_client(make_settings(traces_endpoint=address))
    run = client.post("/v1/runs", json=BODY, headers={"traceparent": TRACEPARENT}).json()
    client.get(f"/v1/runs/{run['id']}")
    rejected = client.post("/v1/runs", json={"preset": "perceptron-orr", "tags": {"secret": "word"}})
    assert rejected.status_code == 404
    client.app.state.service.tracer.close()
    submitted, refused = spans.named("POST /v1/runs")
    assert len(spans.received) == 2
    assert submitted.trace_id.hex() == TRACE
    assert submitted.parent_span_id.hex() == PARENT
    assert submitted.kind == submitted.SPAN_KIND_SERVER
    assert read_traceparent(run) == f"00-{TRACE}-{submitted.span_id.hex()}-01"
    known = facts(submitted)
    assert known["trainyard.run.id"] == run["id"]
    assert (known["http.request.method"], known["http.route"]) == ("POST", "/v1/runs")
    assert known["http.response.status_code"] == 202
    assert refused.trace_id != submitted.trace_id
    assert facts(refused)["http.response.status_code"] == 404
    # The client's mistake is no failure of the server.
    assert refused.status.code == refused.status.STATUS_CODE_UNSET
    assert "word" not in str(refused)


def test_a_collector_that_is_away_is_not_noticed_by_clients(make_client, make_settings, read_traceparent):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = make_client(make_settings(traces_endpoint=f"http://127.0.0.1:{unused.getsockname()[1]}"))
        for _ in range(20):
            answer = client.post("/v1/runs", json=BODY)
            assert answer.status_code == 202
    assert read_traceparent(answer.json()) is not None
