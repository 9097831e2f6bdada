"""Spans of attempts, with a stand-in for the trainer and a collector that decodes what it is sent."""

import pytest

from core.run_state import RunState
from tracing.tracer import RunTracer
from worker import tracing
from worker.supervisor import Supervisor

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
PHASES = ["start", "compile", "train", "validate", "export"]


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def tracer(collector):
    return RunTracer(collector[0], "trainyard-worker")


@pytest.fixture
def spans(collector):
    return collector[1]


@pytest.fixture
def traced(settings, database, make_pool, tracer):
    return Supervisor(settings, database, make_pool(), tracer)


def facts(span):
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("value")) for entry in span.attributes}


def below(spans, parent):
    """Names of the spans below one, by their start."""
    children = [span for _, span in spans.received if span.parent_span_id == parent.span_id]
    return [span.name for span in sorted(children, key=lambda span: (span.start_time_unix_nano, span.name))]


def test_an_attempt_has_its_wait_its_phases_and_its_registration(traced, settings, tracer, spans, queue):
    settings.datasets_dir.mkdir(parents=True)
    for phase in PHASES:
        (settings.datasets_dir / phase).touch()
    run = queue.submit("goes-through-phases", traceparent=TRACEPARENT)
    traced.answer_doorbell()
    tracer.close()
    assert queue.get(run).state == RunState.SUCCEEDED
    (waited,), (attempt,) = spans.named("queue"), spans.named("attempt")
    assert {span.trace_id.hex() for _, span in spans.received} == {TRACE}
    assert {span.parent_span_id.hex() for span in (waited, attempt)} == {PARENT}
    assert below(spans, attempt) == [*PHASES, "store", "register"]
    assert waited.end_time_unix_nano == attempt.start_time_unix_nano
    assert attempt.kind == attempt.SPAN_KIND_CONSUMER
    known = facts(attempt)
    assert {f"trainyard.phase.{phase}.seconds" for phase in PHASES} <= known.keys()
    assert known["trainyard.run.id"] == str(run.id)
    assert known["trainyard.attempt.outcome"] == "finished"
    assert known["trainyard.model.version"] == 1
    assert attempt.status.code == attempt.status.STATUS_CODE_UNSET


def test_attempts_of_a_run_join_one_trace_and_the_lost_ones_have_failed(traced, tracer, spans, queue):
    run = queue.submit("crashes", max_attempts=2, traceparent=TRACEPARENT)
    traced.answer_doorbell()
    queue.wait_for(run, RunState.FAILED)
    tracer.close()
    attempts = spans.named("attempt")
    assert [facts(span)["trainyard.run.attempt"] for span in attempts] == [1, 2]
    assert {span.trace_id.hex() for span in attempts} == {TRACE}
    assert {span.status.code for span in attempts} == {attempts[0].status.STATUS_CODE_ERROR}
    assert {facts(span)["error.type"] for span in attempts} == {"trainer_lost"}
    assert {facts(span)["trainyard.attempt.outcome"] for span in attempts} == {"lost"}
    assert len(spans.named("queue")) == 2
    assert below(spans, attempts[0])[-2:] == ["store", "release"]


def test_a_run_without_a_trace_begins_one(traced, tracer, spans, queue):
    queue.submit("succeeds")
    traced.answer_doorbell()
    tracer.close()
    (attempt,) = spans.named("attempt")
    assert attempt.parent_span_id == b""


def test_phases_beyond_the_limit_are_counted_only(monkeypatch, traced, settings, tracer, spans, queue):
    monkeypatch.setattr(tracing, "MAX_PHASES", 2)
    settings.datasets_dir.mkdir(parents=True)
    for phase in PHASES:
        (settings.datasets_dir / phase).touch()
    queue.submit("goes-through-phases", traceparent=TRACEPARENT)
    traced.answer_doorbell()
    tracer.close()
    (attempt,) = spans.named("attempt")
    assert below(spans, attempt) == ["start", "compile", "store", "register"]
    known = facts(attempt)
    assert known["trainyard.attempt.num_phases"] == 5
    assert {f"trainyard.phase.{phase}.seconds" for phase in PHASES} <= known.keys()


def test_spans_hold_no_texts_of_users(traced, tracer, spans, queue):
    queue.submit("fails", traceparent=TRACEPARENT)
    traced.answer_doorbell()
    tracer.close()
    (attempt,) = spans.named("attempt")
    assert attempt.status.message == ""
    assert set(facts(attempt)) == {
        "trainyard.run.id",
        "trainyard.run.attempt",
        "trainyard.experiment",
        "trainyard.model.name",
        "trainyard.attempt.outcome",
        "trainyard.attempt.num_phases",
        "error.type",
    }
