"""The repository: index, loading and unloading."""

import pytest

from api.served_models.loading import ModelLoader

READY = {"name": "iris", "version": "1", "state": "READY", "reason": ""}


def test_the_index_takes_a_body_or_none(served):
    for options in ({}, {"content": b""}, {"json": {}}, {"json": {"ready": False}}, {"json": {"ready": True}}):
        assert served.post("/v2/repository/index", **options).json() == [READY]


@pytest.mark.parametrize("content", ["[]", "{", '{"ready": 1}', '{"readi": true}', "null", "3"])
def test_other_bodies_are_refused(served, error_of, content):
    error_of(served.post("/v2/repository/index", content=content), 400)


def test_an_unloaded_model_is_served_by_no_protocol(served, worker, body, make_line, error_of):
    worker.register("line", make_line(2.0))
    assert served.post("/v2/models/iris/infer", json=body()).status_code == 200
    assert len(served.app.state.service.model_pool) == 1
    assert served.post("/v2/repository/models/iris/unload").json() == {"name": "iris", "unload": True}
    assert len(served.app.state.service.model_pool) == 0
    for path in ("infer", "versions/1/infer"):
        assert "is unloaded" in error_of(served.post(f"/v2/models/iris/{path}", json=body()), 400)
    for path in ("", "/ready", "/config", "/versions/1/ready"):
        assert "unloaded" in error_of(served.get(f"/v2/models/iris{path}"), 400)
    assert "is unloaded" in error_of(served.post("/v1/models/iris:predict", json={"instances": [[1, 2, 3, 4]]}), 404)
    unloaded = READY | {"state": "UNAVAILABLE", "reason": "unloaded"}
    index = served.post("/v2/repository/index").json()
    assert index == [unloaded, READY | {"name": "line"}]
    assert served.post("/v2/repository/index", json={"ready": True}).json() == index[1:]


def test_loading_loads_the_newest_version_and_those_of_aliases(served, worker, iris, body):
    for _ in range(2):
        worker.register("iris", iris)
    served.put("/v1/registry/models/iris/aliases/champion", json={"version": 2})
    served.post("/v2/repository/models/iris/unload", json={"parameters": {"unload_dependents": True}})
    answer = served.post("/v2/repository/models/iris/load")
    assert answer.json() == {"name": "iris", "load": True}
    assert answer.headers["x-model-version"] == "3"
    assert len(served.app.state.service.model_pool) == 1  # All have the same files.
    assert served.post("/v2/models/iris/infer", json=body()).json()["model_version"] == "3"
    assert served.post("/v2/repository/models/iris/load", json={"parameters": {}}).status_code == 200


@pytest.mark.parametrize("name", ["config", "file:1/model.onnx"])
def test_a_client_loads_nothing_of_its_own(served, error_of, name):
    served.post("/v2/repository/models/iris/unload")
    path = "/v2/repository/models/iris/load"
    detail = error_of(served.post(path, json={"parameters": {name: "e30="}}), 400)
    assert detail.startswith(f"Models are loaded as they were trained or registered; the request has '{name}'.")
    assert served.get("/v2/models/iris/ready").status_code == 400


@pytest.mark.parametrize("content", ["[]", '{"parameters": []}', '{"config": "x"}', "{"])
@pytest.mark.parametrize("verb", ["load", "unload"])
def test_what_is_no_request_is_refused(served, error_of, verb, content):
    error_of(served.post(f"/v2/repository/models/iris/{verb}", content=content), 400)


@pytest.mark.parametrize("parameters", [{"unload_dependents": 1}, {"unload_dependent": True}])
def test_parameters_of_unloading_are_checked(served, error_of, parameters):
    error_of(served.post("/v2/repository/models/iris/unload", json={"parameters": parameters}), 400)
    assert served.get("/v2/models/iris/ready").status_code == 200


def test_the_index_shows_what_is_loaded_now(served, body, monkeypatch):
    served.post("/v2/models/iris/infer", json=body())
    monkeypatch.setattr(ModelLoader, "is_loading", lambda *_: True)
    assert served.post("/v2/repository/index").json() == [READY | {"state": "LOADING"}]
    assert served.post("/v2/repository/index", json={"ready": True}).json() == []
