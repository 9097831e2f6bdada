import uuid
from datetime import datetime

import pytest

from core.artifacts import hash_file
from core.errors import Problem
from core.progress import Phase
from core.run_report import EngineReport

UNKNOWN_ID = "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62"


def submit(client, preset="perceptron-or", **more):
    answer = client.post("/v1/runs", json={"preset": preset, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_a_submitted_run_is_queued_and_can_be_found(client):
    answer = client.post(
        "/v1/runs",
        json={
            "preset": "iris-keras",
            "overrides": {"name": "iris-wide", "training": {"epochs": 3}},
            "experiment": "Irises, wide",
            "tags": {"author": "ada"},
        },
    )
    assert answer.status_code == 202
    run = answer.json()
    assert uuid.UUID(run["id"]).version == 7
    assert answer.headers["location"] == f"/v1/runs/{run['id']}" == run["links"]["self"]
    assert run["state"] == "queued"
    assert (run["preset"], run["model"], run["experiment"]) == ("iris-keras", "iris-wide", "Irises, wide")
    assert (run["attempt"], run["max_attempts"]) == (0, 3)
    assert run["tags"] == {"author": "ada"}
    assert run["spec"]["training"]["epochs"] == 3
    assert run["spec"]["training"]["shuffle"] is True
    assert (run["progress"], run["metrics"], run["latest_metrics"], run["attempts"]) == (None, {}, {}, [])
    assert run["links"]["predict"] is None
    assert datetime.fromisoformat(run["created_at"]).utcoffset().total_seconds() == 0
    found = client.get(answer.headers["location"])
    assert found.status_code == 200
    assert found.json() == run


def test_the_spec_of_a_run_can_be_submitted_again(client):
    run = submit(client)
    again = client.post("/v1/runs", json={"spec": run["spec"]})
    assert again.status_code == 202
    assert again.json()["spec"] == run["spec"]
    assert again.json()["preset"] is None


def test_overrides_come_on_top_of_a_variant(client):
    spec = submit(client, "binary-adder", variant="gru", overrides={"model": {"units": 8}})["spec"]
    assert (spec["model"]["cell"], spec["model"]["units"]) == ("gru", 8)
    assert spec["training"]["epochs"] == 5


def test_a_run_without_an_experiment_is_grouped_by_its_preset_or_its_name(client):
    run = submit(client, overrides={"name": "my-or"})
    assert (run["experiment"], run["model"]) == ("perceptron-or", "my-or")
    by_spec = client.post("/v1/runs", json={"spec": run["spec"]}).json()
    assert by_spec["experiment"] == "my-or"


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"}]
)
def test_a_body_is_json_whatever_it_is_called(client, headers):
    answer = client.post("/v1/runs", content=b'{"preset": "perceptron-or"}', headers=headers)
    assert answer.status_code == 202


def test_a_running_run_shows_its_progress(client, worker):
    run_id = submit(client)["id"]
    claimed = worker.claim()
    engine = EngineReport(plan="xla", batch_size=4)
    worker.describe(claimed, device="CPU", environment={"keras": "3.15.1"}, engine=engine)
    worker.report(claimed, step=4, num_steps=16, train__loss=[0.5, 0.25, float("nan"), 0.125])
    run = client.get(f"/v1/runs/{run_id}").json()
    assert (run["state"], run["attempt"], run["device"]) == ("running", 1, "CPU")
    assert run["environment"] == {"keras": "3.15.1"}
    assert run["engine"] == {"plan": "xla", "batch_size": 4, "tried": {}}
    progress = run["progress"]
    assert (progress["phase"], progress["step"], progress["num_steps"]) == ("train", 4, 16)
    assert progress["fraction"] == 0.25
    assert progress["eta_seconds"] >= 0
    assert run["latest_metrics"] == {"train/loss": 0.125}
    least = {"last": 0.125, "last_step": 4, "min": 0.125, "min_step": 4, "max": 0.5, "max_step": 1}
    assert run["metrics"] == {"train/loss": least | {"best": 0.125, "best_step": 4}}
    (attempt,) = run["attempts"]
    assert (attempt["number"], attempt["owner"], attempt["outcome"]) == (1, "test", None)


@pytest.mark.parametrize(
    ("phase", "fraction"),
    [(Phase.START, 0.0), (Phase.COMPILE, 0.0), (Phase.TRAIN, 0.0), (Phase.VALIDATE, 1.0), (Phase.EXPORT, 1.0)],
)
def test_a_run_whose_steps_are_not_known_yet_has_none_behind_it(client, worker, phase, fraction):
    run_id = submit(client)["id"]
    worker.report(worker.claim(), step=0, num_steps=0, phase=phase)
    progress = client.get(f"/v1/runs/{run_id}").json()["progress"]
    assert (progress["phase"], progress["fraction"]) == (phase, fraction)


def test_a_failed_run_shows_every_problem(client, worker):
    run_id = submit(client)["id"]
    problem = Problem(pointer="/dataset/target", detail="There is no column 'y'.", code="unknown_column")
    worker.fail(worker.claim(), "invalid_spec", problem.detail, problems=(problem,))
    assert client.get(f"/v1/runs/{run_id}").json()["error"] == {
        "code": "invalid_spec",
        "detail": "There is no column 'y'.",
        "attempt": 1,
        "problems": [{"pointer": "/dataset/target", "detail": "There is no column 'y'.", "code": "unknown_column"}],
    }


def test_a_value_that_is_no_number_is_sent_as_a_word(client, worker):
    run_id = submit(client)["id"]
    worker.report(worker.claim(), train__loss=[float("inf"), float("nan")])
    answer = client.get(f"/v1/runs/{run_id}")
    assert answer.json()["latest_metrics"] == {"train/loss": "NaN"}
    assert answer.json()["metrics"]["train/loss"]["max"] == "Infinity"
    assert client.get("/v1/runs").json()["items"][0]["latest_metrics"] == {"train/loss": "NaN"}


def test_a_succeeded_run_names_its_model_version_and_its_files(client, worker, iris):
    run_id = submit(client, "iris-keras")["id"]
    worker.finish(worker.claim(), iris)
    run = client.get(f"/v1/runs/{run_id}").json()
    assert run["state"] == "succeeded"
    assert run["model_version"] == {"name": "iris-keras", "version": 1}
    assert run["links"]["predict"] == "/v1/models/iris-keras/versions/1:predict"
    assert run["phases"] == {"train": 0.25}
    assert [artifact["name"] for artifact in run["artifacts"]] == ["model.onnx", "signature.json", "trainer.log"]
    assert run["artifacts"][0]["sha256"] == hash_file(iris / "model.onnx")
    assert run["ended_at"] is not None
    predicted = client.post(run["links"]["predict"], json={"instances": [[0.25, 0.5, 0.25, 9]]})
    assert predicted.json() == {"predictions": [[0.25, 0.5, 0.25]]}


def test_a_failed_run_says_why(client, worker):
    run_id = submit(client)["id"]
    worker.fail(worker.claim(), "training_failed", "The loss was NaN at step 3.")
    run = client.get(f"/v1/runs/{run_id}").json()
    assert run["state"] == "failed"
    assert run["error"] == {
        "code": "training_failed",
        "detail": "The loss was NaN at step 3.",
        "attempt": 1,
        "problems": [],
    }


def test_a_run_that_has_not_changed_is_not_sent_again(client, worker):
    path = f"/v1/runs/{submit(client)['id']}"
    etag = client.get(path).headers["etag"]
    unchanged = client.get(path, headers={"If-None-Match": etag})
    assert unchanged.status_code == 304
    assert unchanged.content == b""
    assert unchanged.headers["etag"] == etag
    worker.claim()
    changed = client.get(path, headers={"If-None-Match": f'"x", {etag}'})
    assert changed.status_code == 200
    assert changed.json()["state"] == "running"


@pytest.mark.parametrize("name", [UNKNOWN_ID, "x", "01935a3f2d4c7e219c1b5a1f4e0d7b62", "%F0%9F%98%80"])
@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", ":cancel"),
        ("GET", "/metrics"),
        ("GET", "/metrics/history"),
        ("GET", "/logs"),
        ("GET", "/artifacts"),
        ("GET", "/artifacts/model.onnx"),
        ("GET", "/environment"),
    ],
)
def test_an_unknown_run_is_reported(client, method, suffix, name):
    answer = client.request(method, f"/v1/runs/{name}{suffix}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_run"


def test_runs_are_listed_newest_first_a_page_at_a_time(client):
    ids = [submit(client)["id"] for _ in range(5)]
    seen, cursor = [], ""
    for size in (2, 2, 1):
        page = client.get("/v1/runs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) == size
        seen += [run["id"] for run in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert seen == ids[::-1]


def test_runs_are_listed_by_state_experiment_and_model(client, worker):
    first = submit(client, experiment="one")["id"]
    second = submit(client, "perceptron-and", experiment="two")["id"]
    third = submit(client, experiment="two")["id"]
    worker.fail(worker.claim())
    worker.claim()

    def listed(**query):
        return [run["id"] for run in client.get("/v1/runs", params=query).json()["items"]]

    assert listed(state="failed") == [first]
    assert listed(state=["running", "queued"]) == [third, second]
    assert listed(experiment="two") == [third, second]
    assert listed(model="perceptron-or") == [third, first]
    assert listed(model="perceptron-or", experiment="two", state="queued") == [third]
    assert listed(experiment="none") == []


def test_listed_runs_leave_out_what_only_a_single_run_shows(client):
    submit(client)
    (run,) = client.get("/v1/runs").json()["items"]
    assert not {"spec", "environment", "attempts", "artifacts", "metrics"} & set(run)
    assert run["state"] == "queued"


def test_an_invalid_cursor_is_rejected(client):
    answer = client.get("/v1/runs?cursor=abc")
    assert answer.status_code == 400
    assert "next_cursor" in answer.json()["detail"]


def test_a_queued_run_is_cancelled_at_once(client):
    path = f"/v1/runs/{submit(client)['id']}"
    cancelled = client.post(f"{path}:cancel")
    assert cancelled.status_code == 200
    assert cancelled.json()["state"] == "cancelled"
    assert client.post(f"{path}:cancel").status_code == 200


def test_a_running_run_is_asked_to_stop(client, worker):
    path = f"/v1/runs/{submit(client)['id']}"
    worker.claim()
    for _ in range(2):
        asked = client.post(f"{path}:cancel")
        assert asked.status_code == 202
        assert (asked.json()["state"], asked.json()["cancel_requested"]) == ("running", True)


def test_a_run_that_has_ended_cannot_be_cancelled(client, worker):
    path = f"/v1/runs/{submit(client)['id']}"
    worker.fail(worker.claim())
    answer = client.post(f"{path}:cancel")
    assert answer.status_code == 409
    assert answer.json()["code"] == "illegal_move"
