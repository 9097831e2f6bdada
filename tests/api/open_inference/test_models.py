"""Questions about the server and its models."""

import pytest

from core.errors import DatabaseUnavailable
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from db.session import Database


def test_the_server_describes_itself(client):
    answer = client.get("/v2")
    assert answer.json()["name"] == "trainyard"
    assert answer.json()["version"]
    assert "statistics" in answer.json()["extensions"]


def test_health_is_for_everybody(locked_client):
    assert locked_client.get("/v2/health/live").json() == {"live": True}
    assert locked_client.get("/v2/health/ready").json() == {"ready": True}


def test_a_server_without_its_database_is_not_ready(served, body, error_of, monkeypatch):
    assert served.post("/v2/models/iris/infer", json=body()).status_code == 200
    monkeypatch.setattr(Database, "reading", _down)
    answer = served.get("/v2/health/ready")
    assert answer.headers["retry-after"]
    assert error_of(answer, 503) == "The database is away."
    assert served.get("/v2/health/live").json() == {"live": True}
    # Models in memory go on.
    assert served.post("/v2/models/iris/infer", json=body()).status_code == 200


def _down(_):
    raise DatabaseUnavailable("The database is away.")


@pytest.mark.parametrize("path", ["/v2", "/v2/models", "/v2/models/iris", "/v2/models/iris/ready", "/v2/models/stats"])
def test_everything_else_needs_a_key(locked_client, keep_key, error_of, path):
    assert "key" in error_of(locked_client.get(path), 401).lower()
    headers = {"authorization": f"Bearer {keep_key('read')}"}
    assert "predict" in error_of(locked_client.get(path, headers=headers), 403)


def test_loading_needs_the_scope_that_moves_aliases(locked_client, keep_key, error_of):
    headers = {"authorization": f"Bearer {keep_key('predict')}"}
    for verb in ("load", "unload"):
        path = f"/v2/repository/models/iris/{verb}"
        assert "submit" in error_of(locked_client.post(path, headers=headers), 403)
    submit = {"authorization": f"Bearer {keep_key('submit')}"}
    error_of(locked_client.post("/v2/repository/models/iris/load", headers=submit), 404)


def test_paths_that_do_not_exist_have_the_protocols_errors(client, error_of):
    assert "does not exist" in error_of(client.get("/v2/nothing"), 404)
    assert "use OPTIONS, POST" in error_of(client.get("/v2/models/iris/infer"), 405)


def test_names_are_listed(served):
    assert served.get("/v2/models").json() == {"models": ["iris"]}


def test_metadata_name_versions_inputs_and_outputs(served, worker, iris):
    worker.register("iris", iris)
    for path, version in (("/v2/models/iris/versions/1", "1"), ("/v2/models/iris", "2")):
        answer = served.get(path)
        assert answer.json()["versions"] == ["1", "2"]
        assert answer.json()["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}]
        assert answer.headers["x-model-version"] == version


def test_configuration_is_tritons(served):
    configuration = served.get("/v2/models/iris/config").json()
    assert configuration["name"] == "iris"
    assert configuration["platform"] == "onnxruntime_onnx"
    assert configuration["output"][0] == {
        "name": "output",
        "data_type": "TYPE_FP32",
        "dims": [3],
        "label_filename": "",
        "is_shape_tensor": False,
    }
    assert configuration["output"][1]["dims"] == [1]
    assert configuration["output"][1]["reshape"] == {"shape": []}
    assert configuration["parameters"]["labels"] == {"string_value": '["setosa","versicolor","virginica"]'}


def test_unknown_models_are_not_found(served, error_of):
    for path in ("", "/ready", "/config", "/stats", "/trace/setting"):
        assert "tulips" in error_of(served.get(f"/v2/models/tulips{path}"), 404)
    for path in ("", "/ready", "/config", "/stats"):
        error_of(served.get(f"/v2/models/iris/versions/9{path}"), 404)


def test_a_model_is_ready_before_its_network_is_loaded(served):
    assert served.get("/v2/models/iris/ready").json() == {"name": "iris", "ready": True}
    assert len(served.app.state.service.model_pool) == 0


def test_a_version_that_cannot_be_loaded_is_not_ready(served, worker, tmp_path, body, error_of):
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="x", onnx_name="x", shape=(1,)),
        output=TensorSpec(name="y", onnx_name="y", shape=(1,)),
    )
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"no network")
    (folder / "signature.json").write_text(signature.model_dump_json())
    worker.register("iris", folder)
    # The version before it answers.
    assert served.post("/v2/models/iris/infer", json=body()).json()["model_version"] == "1"
    assert served.get("/v2/models/iris/ready").status_code == 200
    assert "cannot be loaded" in error_of(served.get("/v2/models/iris/versions/2/ready"), 400)
    index = served.post("/v2/repository/index").json()
    assert [(entry["version"], entry["state"]) for entry in index] == [("1", "READY"), ("2", "UNAVAILABLE")]
    assert "cannot be loaded" in index[1]["reason"]
    assert served.post("/v2/repository/index", json={"ready": True}).json() == index[:1]


def test_statistics_count_requests_rows_and_calls(served, body):
    nothing = served.get("/v2/models/iris/stats").json()["model_stats"][0]
    assert (nothing["inference_count"], nothing["last_inference"], nothing["batch_stats"]) == (0, 0, [])
    for num_rows in (1, 3, 3):
        served.post("/v2/models/iris/infer", json=body(*[[1, 0, 0, 0]] * num_rows))
    (counted,) = served.get("/v2/models/iris/versions/1/stats").json()["model_stats"]
    assert (counted["name"], counted["version"]) == ("iris", "1")
    assert (counted["inference_count"], counted["execution_count"]) == (7, 3)
    assert counted["inference_stats"]["success"]["count"] == 3
    assert counted["inference_stats"]["compute_infer"]["ns"] > 0
    assert [(batch["batch_size"], batch["compute_infer"]["count"]) for batch in counted["batch_stats"]] == [
        (1, 1),
        (3, 2),
    ]
    assert served.get("/v2/models/stats").json()["model_stats"] == [counted]
