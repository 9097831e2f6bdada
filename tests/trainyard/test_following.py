"""Clients follow events over as many connections as it takes, each event once."""

import json

import pytest

from trainyard import AccessDenied, NotFound, ServiceUnavailable, UnexpectedAnswer, following
from trainyard.resources.events import EventText, RunEvent
from trainyard.waiting import Wait

from .conftest import Answer

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"
PATH = f"{RUN_PATH}/events"


def stream(*events, cut=""):
    """An answer of events, which ends after them."""
    text = "retry: 1\n\n" + "".join(
        f"event: {kind}\nid: {number}\ndata: {json.dumps(data)}\n\n" for kind, number, data in events
    )
    return Answer(text + cut, headers={"Content-Type": "text/event-stream; charset=utf-8"})


STATE = ("state", "a", {"state": "running", "attempt": 1})
METRICS = ("metrics", "b", {"series": [{"key": "train/loss", "values": [0.5, "NaN"]}]})
PROGRESS = (
    "progress",
    "c",
    {"phase": "train", "epoch": 1, "num_epochs": 2, "step": 5, "num_steps": 10, "fraction": 0.5},
)
END = ("end", "z", {"state": "succeeded", "attempt": 1})


def types(events):
    return [event.type for event in events]


def test_events_are_followed_to_the_end(client, fake):
    fake.on("GET", PATH, stream(STATE, METRICS, END))
    assert types(client.run(RUN_ID).events(["metrics"])) == ["state", "metrics", "end"]
    assert fake.requests[0].query == [("type", "metrics")]
    assert fake.requests[0].headers["accept"] == "text/event-stream"
    assert "last-event-id" not in fake.requests[0].headers


def test_a_broken_stream_goes_on_after_the_last_whole_event(client, fake):
    broken = stream(STATE, METRICS, cut="event: progress\nid: c\ndata: {")
    fake.on("GET", PATH, broken, Answer(drop=True), stream(END))
    events = list(client.run(RUN_ID).events())
    assert types(events) == ["state", "metrics", "end"]
    assert [request.headers.get("last-event-id") for request in fake.requests] == [None, "b", "b"]


def test_a_stream_may_be_continued_by_its_caller(client, fake):
    fake.on("GET", PATH, stream(END))
    list(client.run(RUN_ID).events(last_id="b"))
    assert fake.requests[0].headers["last-event-id"] == "b"


def test_no_more_events_end_the_stream(client, fake):
    fake.on("GET", PATH, Answer(status=204))
    assert list(client.run(RUN_ID).events()) == []


def test_comments_places_and_requests_to_come_back_are_no_events(client, fake):
    resume = Answer(
        ':\n\nid: p\n\nevent: resume\ndata: {"code": "too_slow"}\n\n', headers={"Content-Type": "text/event-stream"}
    )
    fake.on("GET", PATH, resume, stream(END))
    assert types(client.run(RUN_ID).events()) == ["end"]
    assert fake.requests[1].headers["last-event-id"] == "p"


def test_errors_of_the_service_are_raised(client, fake):
    fake.on("GET", PATH, Answer({"detail": "There is no run.", "code": "unknown_run"}, 404))
    with pytest.raises(NotFound):
        list(client.run(RUN_ID).events())
    fake.on("GET", PATH, Answer({"detail": "No.", "code": "key_refused"}, 401))
    with pytest.raises(AccessDenied):
        list(client.run(RUN_ID).events())


def test_a_service_that_is_away_for_too_long_is_an_error(client, fake):
    fake.on("GET", PATH, Answer({"detail": "Busy.", "code": "server_busy"}, 503))
    with pytest.raises(ServiceUnavailable, match="Busy"):
        list(client.run(RUN_ID).events(unreachable_timeout=0.0))


def test_an_answer_that_is_no_stream_is_an_error(client, fake):
    fake.on("GET", PATH, Answer({"hello": "world"}))
    with pytest.raises(UnexpectedAnswer):
        list(client.run(RUN_ID).events())


def test_data_that_is_no_json_is_an_error():
    text = EventText()
    text.add("data: 7")
    with pytest.raises(UnexpectedAnswer):
        text.add("")


def test_lines_are_put_together_as_the_standard_says():
    text = EventText()
    for line in ("event:state", "id:  a b", 'data:{"x": 1}', "unknown: field"):
        assert text.add(line) is None
    assert text.add("") == RunEvent("state", {"x": 1}, " a b")
    assert text.add("") is None
    assert text.last_id == " a b"


def test_streams_that_are_cut_off_unheard_are_given_up(client, fake):
    fake.on("GET", PATH, stream())
    with pytest.raises(following.StreamsCut):
        list(client.run(RUN_ID).events())
    assert len(fake.requests) == following.MAX_EMPTY_STREAMS


def test_a_watched_run_is_updated_by_its_events(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("running"), run_document("succeeded"))
    fake.on("GET", PATH, stream(STATE, METRICS, PROGRESS, END))
    run = client.run(RUN_ID)
    seen = []
    run.watch(lambda one: seen.append((one.state, one.progress and one.progress.step, len(one.latest_metrics))))
    assert run.has_succeeded
    assert ("running", 5, 1) in seen


@pytest.mark.parametrize(
    "answer", [stream(), Answer({"detail": "No such route.", "code": "not_found"}, 404), Answer("<html>")]
)
def test_where_streams_do_not_get_through_a_watched_run_is_looked_at(client, fake, run_document, answer, monkeypatch):
    monkeypatch.setattr(Wait, "pause_after", lambda _self, job: None if job.has_ended else 0.0)
    fake.on("GET", RUN_PATH, run_document("running"), run_document("running"), run_document("succeeded"))
    fake.on("GET", PATH, answer)
    assert client.run(RUN_ID).watch(lambda _: None).has_succeeded


def test_a_log_is_followed(client, fake):
    fake.on("GET", PATH, stream(("log", "a", {"text": "one\n"}), ("log", "b", {"text": "two\n"}), END))
    assert "".join(client.run(RUN_ID).follow_log()) == "one\ntwo\n"


def test_all_runs_are_followed(client, fake):
    gone = Answer({"detail": "No such route.", "code": "not_found"}, 404)
    fake.on("GET", "/v1/events", stream(("snapshot", "a", {}), ("run", "b", {"state": "queued"})), gone)
    found = []

    def take():
        for event in client.events(experiment="iris"):
            found.append(event.type)  # noqa: PERF401 - what came before the error counts too.

    with pytest.raises(NotFound):
        take()
    assert found == ["snapshot", "run"]
    assert fake.requests[0].query == [("experiment", "iris")]
    assert fake.requests[1].headers["last-event-id"] == "b"


def test_the_command_line_follows_a_log(invoke, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("running"))
    fake.on("GET", PATH, stream(("log", "a", {"text": "one\n"}), ("log", "b", {"text": "two\n"}), END))
    result = invoke("logs", RUN_ID, "--follow")
    assert (result.exit_code, result.stdout) == (0, "one\ntwo\n")


def test_the_command_line_watches_a_run_by_its_events(invoke, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("running"), run_document("running"), run_document("succeeded"))
    fake.on("GET", PATH, stream(STATE, METRICS, PROGRESS, END))
    result = invoke("show", RUN_ID, "--watch")
    assert result.exit_code == 0
    assert "succeeded" in result.stdout
    assert "epoch 1 of 2" in result.stderr
