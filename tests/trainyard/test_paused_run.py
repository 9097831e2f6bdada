from datetime import UTC, datetime

import pytest

from trainyard import Conflict, UnexpectedAnswer

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"

NEWEST = {
    "step": 1200,
    "epoch": 3,
    "attempt": 2,
    "monitor": None,
    "value": None,
    "is_best": False,
    "num_bytes": 2048,
    "sha256": "a" * 64,
    "created_at": "2026-03-02T09:42:10.500000Z",
}
BEST = NEWEST | {"step": 800, "epoch": 2, "attempt": 0, "monitor": "val_loss", "value": "NaN", "is_best": True}


def test_a_paused_run_is_seen_as_it_is_then(client, fake, answer, run_document):
    fake.on("POST", f"{RUN_PATH}:pause", answer(run_document("running", interruption="pause"), 202))
    run = client.run(RUN_ID).pause()
    assert (run.state, run.interruption, run.has_ended) == ("running", "pause", False)
    fake.on("POST", f"{RUN_PATH}:pause", run_document("paused", interruption=None))
    run.pause()
    assert (run.state, run.interruption, run.has_ended) == ("paused", None, False)


def test_a_resumed_run_is_queued(client, fake, run_document):
    fake.on("POST", f"{RUN_PATH}:resume", run_document())
    assert client.run(RUN_ID).resume().state == "queued"


def test_a_run_that_has_ended_cannot_be_paused(client, fake, answer):
    detail = "The run has ended (succeeded) and cannot become paused."
    fake.on("POST", f"{RUN_PATH}:pause", answer({"detail": detail, "code": "illegal_move"}, 409))
    with pytest.raises(Conflict, match="cannot become paused"):
        client.run(RUN_ID).pause()


def test_checkpoints_are_read_with_their_types(client, fake):
    fake.on("GET", f"{RUN_PATH}/checkpoints", {"items": [NEWEST, BEST]})
    newest, best = client.run(RUN_ID).checkpoints()
    assert (newest.step, newest.epoch, newest.attempt, newest.num_bytes) == (1200, 3, 2, 2048)
    assert (newest.monitor, newest.value, newest.is_best) == (None, None, False)
    assert newest.created_at == datetime(2026, 3, 2, 9, 42, 10, 500000, tzinfo=UTC)
    assert (best.monitor, best.is_best) == ("val_loss", True)
    assert best.value != best.value
    assert best.document == BEST


def test_checkpoints_of_another_form_are_not_taken(client, fake):
    fake.on("GET", f"{RUN_PATH}/checkpoints", {"items": [{"step": 1}]})
    with pytest.raises(UnexpectedAnswer):
        client.run(RUN_ID).checkpoints()


def test_attempts_tell_where_they_went_on(client, fake, run_document):
    lost = {"number": 1, "outcome": "crashed", "detail": "The trainer was killed.", "resumed_at_step": None}
    fake.on("GET", RUN_PATH, run_document("running", attempts=[lost, lost | {"number": 2, "resumed_at_step": 800}]))
    first, second = client.get_run(RUN_ID).attempts
    assert (first.number, first.outcome, first.resumed_at_step) == (1, "crashed", None)
    assert (second.number, second.resumed_at_step, second.detail) == (2, 800, "The trainer was killed.")
