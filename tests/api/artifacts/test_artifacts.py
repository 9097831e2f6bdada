import pytest

from core.artifacts import TRAINER_LOG, hash_file
from core.run_report import EngineReport


@pytest.fixture
def run_path(worker, iris):
    run_id = worker.register("iris", iris)
    return f"/v1/runs/{run_id}"


def submit(client):
    return client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]


def write_live_log(settings, run_id, text):
    path = settings.scratch_dir / str(run_id) / TRAINER_LOG
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_files_are_listed(client, run_path, iris):
    items = client.get(f"{run_path}/artifacts").json()["items"]
    assert [item["name"] for item in items] == ["model.onnx", "signature.json", "trainer.log"]
    assert items[0] == {
        "name": "model.onnx",
        "sha256": hash_file(iris / "model.onnx"),
        "num_bytes": (iris / "model.onnx").stat().st_size,
        "media_type": "application/onnx",
    }


def test_a_file_is_sent_as_it_was_stored(client, run_path, iris):
    answer = client.get(f"{run_path}/artifacts/model.onnx")
    assert answer.content == (iris / "model.onnx").read_bytes()
    assert answer.headers["etag"] == f'"{hash_file(iris / "model.onnx")}"'
    assert answer.headers["content-type"] == "application/onnx"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''model.onnx"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_the_client_has_is_not_sent_again(client, run_path):
    path = f"{run_path}/artifacts/model.onnx"
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_part_of_a_file_can_be_asked_for(client, run_path, iris):
    answer = client.get(f"{run_path}/artifacts/model.onnx", headers={"Range": "bytes=2-5"})
    assert answer.status_code == 206
    assert answer.content == (iris / "model.onnx").read_bytes()[2:6]


@pytest.mark.parametrize("name", ["model.onx", "%2e%2e%2fsecret", "a%5cb"])
def test_an_unknown_file_is_reported(client, run_path, name):
    answer = client.get(f"{run_path}/artifacts/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_nearest_file_is_named(client, run_path):
    answer = client.get(f"{run_path}/artifacts/model.onx").json()
    assert answer["code"] == "unknown_artifact"
    assert "Did you mean 'model.onnx'?" in answer["detail"]


def test_a_file_that_has_changed_on_disk_is_not_sent(client, run_path, worker, iris):
    worker.store.path(hash_file(iris / "model.onnx")).write_bytes(b"other")
    answer = client.get(f"{run_path}/artifacts/model.onnx")
    assert answer.status_code == 500
    assert answer.json()["code"] == "artifact_corrupt"


def test_the_log_of_an_ended_run_is_the_one_that_was_stored(client, run_path, settings):
    write_live_log(settings, run_path.split("/")[-1], "left behind\n")
    answer = client.get(f"{run_path}/logs")
    assert answer.text == "trained\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_log_of_a_running_run_is_as_far_as_it_is(client, worker, settings):
    run_id = submit(client)
    assert client.get(f"/v1/runs/{run_id}/logs").text == ""
    worker.claim()
    assert client.get(f"/v1/runs/{run_id}/logs").text == ""
    path = write_live_log(settings, run_id, "epoch 1\n")
    assert client.get(f"/v1/runs/{run_id}/logs").text == "epoch 1\n"
    with path.open("a") as file:
        file.write("epoch 2 ü\n")
    assert client.get(f"/v1/runs/{run_id}/logs").text == "epoch 1\nepoch 2 ü\n"


def test_a_run_that_ended_without_a_log_has_none(client):
    run_id = submit(client)
    client.post(f"/v1/runs/{run_id}:cancel")
    answer = client.get(f"/v1/runs/{run_id}/logs")
    assert answer.status_code == 404
    assert "cancelled" in answer.json()["detail"]


def test_the_environment_is_that_of_the_trainers_report(client, worker):
    run_id = submit(client)
    path = f"/v1/runs/{run_id}/environment"
    nothing = {"run_id": run_id, "device": None, "engine": None, "environment": None}
    assert client.get(path).json() == nothing
    worker.describe(worker.claim(), device="GPU:0", environment={"keras": "3.15.1"}, engine=EngineReport(plan="graph"))
    assert client.get(path).json() == nothing | {
        "device": "GPU:0",
        "engine": {"plan": "graph", "tried": {}},
        "environment": {"keras": "3.15.1"},
    }
