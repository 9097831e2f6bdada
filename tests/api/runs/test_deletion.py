import os
import time

import pytest


def submit(client, preset="iris-keras"):
    return client.post("/v1/runs", json={"preset": preset}).json()["id"]


def stored_files(settings):
    return {path.name for path in settings.artifacts_dir.rglob("*") if path.is_file()}


@pytest.fixture
def trained(client, worker, iris):
    run_id = submit(client)
    worker.finish(worker.claim(), iris)
    return run_id


def test_a_deleted_run_is_gone_with_its_model_and_its_files(client, settings, trained):
    predict = "/v1/models/iris-keras:predict"
    body = {"instances": [[1, 0, 0, 0]]}
    assert client.post(predict, json=body).status_code == 200
    assert len(stored_files(settings)) == 3
    assert client.delete(f"/v1/runs/{trained}").status_code == 204
    assert client.get(f"/v1/runs/{trained}").status_code == 404
    assert client.post(predict, json=body).status_code == 404
    assert stored_files(settings) == set()
    assert client.delete(f"/v1/runs/{trained}").status_code == 404


def test_a_run_whose_version_an_alias_points_to_is_deleted_by_force_only(client, worker, iris, trained):
    submit(client)
    worker.finish(worker.claim(), iris)
    path = f"/v1/runs/{trained}"
    client.put("/v1/registry/models/iris-keras/aliases/champion", json={"version": 1})
    refused = client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "version_served")
    assert "The alias 'champion' points to version 1 of model 'iris-keras'" in refused.json()["detail"]
    assert client.delete(f"{path}?force=false").status_code == 409
    predict = "/v1/models/iris-keras/labels/champion:predict"
    body = {"instances": [[1, 0, 0, 0]]}
    assert client.post(predict, json=body).headers["x-model-version"] == "1"
    deleted = client.delete(f"{path}?force=true")
    assert deleted.status_code == 200
    version = {
        "name": "iris-keras",
        "version": 1,
        "aliases": ["champion"],
        "changed_aliases": [],
        "newest_version": 2,
    }
    assert deleted.json() == {"id": trained, "model_version": version}
    assert client.get(path).status_code == client.post(predict, json=body).status_code == 404


def test_a_run_is_deleted_once_its_alias_has_moved(client, worker, iris, trained):
    submit(client)
    worker.finish(worker.claim(), iris)
    alias = "/v1/registry/models/iris-keras/aliases/champion"
    client.put(alias, json={"version": 1})
    client.put(alias, json={"version": 2})
    assert client.delete(f"/v1/runs/{trained}").status_code == 204
    assert client.get(alias).json()["version"] == 2


@pytest.mark.usefixtures("trained")
def test_a_deleted_newest_version_makes_way_for_the_one_before(client, worker, iris):
    newest = submit(client)
    worker.finish(worker.claim(), iris)
    deleted = client.delete(f"/v1/runs/{newest}?force=true").json()
    assert deleted["model_version"] == {
        "name": "iris-keras",
        "version": 2,
        "aliases": [],
        "changed_aliases": [],
        "newest_version": 1,
    }
    answer = client.post("/v1/models/iris-keras:predict", json={"instances": [[1, 0, 0, 0]]})
    assert answer.headers["x-model-version"] == "1"


def test_a_run_without_a_model_is_deleted_by_force_too(client):
    run_id = submit(client)
    client.post(f"/v1/runs/{run_id}:cancel")
    assert client.delete(f"/v1/runs/{run_id}?force=true").json() == {"id": run_id, "model_version": None}
    assert client.delete(f"/v1/runs/{run_id}?force=perhaps").status_code == 422


def test_a_deleted_runs_network_is_no_longer_kept_loaded(client, trained):
    client.post("/v1/models/iris-keras:predict", json={"instances": [[1, 0, 0, 0]]})
    pool = client.app.state.service.model_pool
    assert len(pool) == 1
    client.delete(f"/v1/runs/{trained}")
    assert len(pool) == 0


def test_files_that_another_run_left_too_stay(client, worker, settings, trained, iris):
    (iris / "trainer.log").write_text("another log\n")
    submit(client)
    worker.finish(worker.claim(), iris)
    assert len(stored_files(settings)) == 4
    client.delete(f"/v1/runs/{trained}")
    assert len(stored_files(settings)) == 3
    answer = client.post("/v1/models/iris-keras:predict", json={"instances": [[1, 0, 0, 0]]})
    assert answer.json() == {"predictions": [[1.0, 0.0, 0.0]]}
    assert answer.headers["x-model-version"] == "2"


def test_files_that_a_running_run_may_have_stored_already_stay(client, worker, trained, iris):
    submit(client)
    claimed = worker.claim()
    worker.store.put(iris / "model.onnx")
    worker.store.put(iris / "signature.json")
    client.delete(f"/v1/runs/{trained}")
    worker.finish(claimed, iris)
    answer = client.post("/v1/models/iris-keras:predict", json={"instances": [[1, 0, 0, 0]]})
    assert answer.status_code == 200


def test_files_older_than_every_running_run_are_removed_all_the_same(client, worker, settings, trained):
    an_hour_ago = time.time() - 3600
    for path in settings.artifacts_dir.rglob("*"):
        os.utime(path, (an_hour_ago, an_hour_ago))
    submit(client)
    worker.claim()
    client.delete(f"/v1/runs/{trained}")
    assert stored_files(settings) == set()


def test_a_run_that_has_not_ended_cannot_be_deleted(client, worker):
    run_id = submit(client)
    for state in ("queued", "running"):
        answer = client.delete(f"/v1/runs/{run_id}")
        assert answer.status_code == 409
        assert state in answer.json()["detail"]
        if state == "queued":
            worker.claim()
