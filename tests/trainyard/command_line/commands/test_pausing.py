import json

import pytest

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"

NEWEST = {
    "step": 24000,
    "epoch": 30,
    "attempt": 2,
    "monitor": "val_loss",
    "value": 0.0812,
    "is_best": False,
    "num_bytes": 2048,
    "sha256": "a" * 64,
    "created_at": "2026-03-02T09:42:10.500000Z",
}
MIDDLE = NEWEST | {"step": 20000, "epoch": 25, "attempt": 1, "monitor": None, "value": None, "is_best": True}


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("paused", f"is paused. Go on with it: trainyard resume {RUN_ID}"),
        ("running", "was asked to pause. It writes a checkpoint first."),
    ],
)
def test_pause_reports_whether_the_run_rests_already(invoke, fake, run_document, state, text):
    fake.on("POST", f"{RUN_PATH}:pause", run_document(state))
    result = invoke("pause", RUN_ID)
    assert (result.exit_code, result.stdout) == (0, f"Run {RUN_ID} {text}\n")


def test_resume_reports_the_state(invoke, fake, run_document):
    fake.on("POST", f"{RUN_PATH}:resume", run_document())
    result = invoke("resume", RUN_ID)
    assert (result.exit_code, result.stdout) == (0, f"Run {RUN_ID} is queued.\n")


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_json_is_the_run(invoke, fake, run_document, verb):
    fake.on("POST", f"{RUN_PATH}:{verb}", run_document("paused"))
    assert json.loads(invoke(verb, RUN_ID, "--json").stdout)["state"] == "paused"


def test_a_run_that_has_ended_is_refused_in_words(invoke, fake, answer):
    detail = "The run has ended (succeeded) and cannot become paused."
    fake.on("POST", f"{RUN_PATH}:pause", answer({"detail": detail, "code": "illegal_move"}, 409))
    result = invoke("pause", RUN_ID)
    assert (result.exit_code, result.stderr) == (1, f"Error: {detail}\n")


def test_checkpoints_are_a_table(invoke, fake):
    fake.on("GET", f"{RUN_PATH}/checkpoints", {"items": [NEWEST, MIDDLE]})
    header, newest, middle = invoke("checkpoints", RUN_ID).stdout.splitlines()
    assert header.split() == ["STEP", "EPOCH", "ATTEMPT", "METRIC", "VALUE", "BEST", "SIZE", "SAVED"]
    assert newest.split()[:7] == ["24,000", "30", "2", "val_loss", "0.0812", "2.0", "KiB"]
    assert newest.endswith("ago")
    assert middle.split()[:5] == ["20,000", "25", "1", "best", "2.0"]


def test_checkpoints_as_json_are_as_they_came(invoke, fake):
    fake.on("GET", f"{RUN_PATH}/checkpoints", {"items": [NEWEST]})
    assert json.loads(invoke("checkpoints", RUN_ID, "--json").stdout) == {"items": [NEWEST]}


def test_no_checkpoints_leave_standard_output_empty(invoke, fake):
    fake.on("GET", f"{RUN_PATH}/checkpoints", {"items": []})
    result = invoke("checkpoints", RUN_ID)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no checkpoints" in result.stderr
