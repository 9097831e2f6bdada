"""The clients of Triton and of KServe, as they are on PyPI, against a real server: every call that they have."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest

from core.signatures.encodings import CategoryEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec

ROOT = Path(__file__).parents[3]
CLIENTS = Path(__file__).parent / "clients"
ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [0.1, 0.7, 0.2, 9.0]], np.float32)
PIXELS = [0, 0.2, 0.4, 0.6, 0.8, 1.0]


def spec(name, shape):
    return TensorSpec(name="input" if name == "x" else "output", onnx_name=name, shape=shape)


def make_signature(kind, task, num_inputs, num_outputs, shape=None, **fields):
    return ModelSignature(
        task=task, input_kind=kind, input=spec("x", shape or (num_inputs,)), output=spec("y", (num_outputs,)), **fields
    )


IRIS = make_signature(
    InputKind.COLUMNS,
    Task.CLASSIFICATION,
    4,
    3,
    columns=("sepal_length", "sepal_width", "petal_length", "petal_width"),
    class_labels=("setosa", "versicolor", "virginica"),
)
TABLE = make_signature(
    InputKind.TABLE,
    Task.REGRESSION,
    2,
    1,
    columns=("age", "city"),
    table=TableEncoding(
        columns=(NumberEncoding(name="age"), CategoryEncoding(name="city", values=("Bergen", "Oslo"), source="text"))
    ),
)


@pytest.fixture(scope="module")
def served_models(server, server_worker, write_model, write_special_models, tmp_path_factory):
    """A server with models of several kinds, and an alias."""
    folder = tmp_path_factory.mktemp("models")
    weights = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    server_worker.register("iris", write_model(folder / "iris", weights, IRIS))
    server_worker.register("table", write_model(folder / "table", [[1], [10]], TABLE))
    for name, files in write_special_models(folder).items():
        server_worker.register(name, files)
    alias = f"{server.base_url}/v1/registry/models/iris/aliases/champion"
    assert httpx.put(alias, json={"version": 1}, trust_env=False).is_success
    return server


@pytest.fixture(scope="module")
def run_client(client_python, served_models, png):
    """Return a function that runs a program with a client, and returns the results of its calls."""

    def run(program, *arguments):
        done = subprocess.run(
            [client_python, CLIENTS / program, *arguments],
            input=png,
            capture_output=True,
            timeout=300,
            check=False,
            env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*"},
        )
        assert done.returncode == 0, done.stderr.decode()
        assert served_models.process.poll() is None
        made = json.loads(done.stdout)
        assert made["never called"] == []
        return made["results"]

    return run


@pytest.fixture(scope="module", params=["sync", "aio"])
def triton(request, run_client, served_models):
    """Results of Triton's client, the synchronous and the asynchronous."""
    return run_client("triton_calls.py", request.param, f"127.0.0.1:{served_models.port}")


@pytest.fixture(scope="module")
def kserve(run_client, served_models):
    """Results of KServe's client, by protocol."""
    return run_client("kserve_calls.py", served_models.base_url)


@pytest.fixture(scope="module")
def expected(served_models):
    """The answer of the other protocol to the same rows: (2, 3), float32."""
    body = {"instances": ROWS.tolist()}
    answer = httpx.post(f"{served_models.base_url}/v1/models/iris:predict", json=body, trust_env=False).json()
    return np.float32(answer["predictions"])


@pytest.fixture
def assert_same(expected):
    """Check that a result has the numbers of the other protocol, bit for bit, as often as its rows are repeated."""

    def check(result, times=1):
        array = result["arrays"]["output"]
        assert array["shape"] == [2 * times, 3]
        assert array.get("dtype", "float32") == "float32"
        assert np.array_equal(np.float32(array["data"]).reshape(-1, 3), np.tile(expected, (times, 1)))

    return check


@pytest.fixture
def labels(expected):
    return [IRIS.class_labels[index] for index in expected.argmax(axis=1)]


def test_tritons_client_sees_the_server_and_its_models(triton):
    assert (triton["live"], triton["ready"], triton["model ready"], triton["version ready"]) == (True,) * 4
    assert (triton["unknown ready"], triton["unknown version ready"]) == (False, False)
    assert triton["server"]["name"] == "trainyard"
    assert {"binary_tensor_data", "classification", "model_repository"} <= set(triton["server"]["extensions"])
    assert triton["metadata"] == {
        "name": "iris",
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}],
        "outputs": [
            {"name": "output", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
        ],
    }
    assert triton["version metadata"] == triton["metadata"]
    assert triton["unknown metadata"]["status"] == "404"
    assert triton["config"] == triton["version config"]
    assert triton["config"]["input"][0]["data_type"] == "TYPE_FP32"
    assert triton["config"]["max_batch_size"] == 10_000


@pytest.mark.parametrize(
    "name",
    [
        *("infer", "infer json", "infer version", "infer alias", "infer gzip", "infer gzip json", "infer columns"),
        *("infer parameters", "loaded infer"),
    ],
)
def test_tritons_client_gets_the_numbers_of_the_other_protocol(triton, assert_same, name):
    assert_same(triton[name])
    assert triton[name]["response"]["model_version"] == "1"


@pytest.mark.parametrize("name", ["infer many gzip json", "infer many deflate", "infer many json"])
def test_tritons_client_gets_many_rows(triton, assert_same, name):
    assert_same(triton[name], times=2000)


def test_tritons_client_gets_what_it_asked_for(triton, labels, expected):
    assert triton["infer"]["arrays"]["label"]["data"] == labels
    assert triton["infer json"]["arrays"]["label"]["data"] == labels
    assert "data" in triton["infer json"]["response"]["outputs"][0]
    assert list(triton["infer version"]["arrays"]) == ["label", "output"]
    assert triton["infer version"]["response"]["id"] == "r-1"
    assert triton["infer parameters"]["response"]["parameters"] == {"tag": "x", "n": 3}
    best = [f"{expected[row].max()!s}:{expected[row].argmax()}:{labels[row]}" for row in range(2)]
    assert triton["infer classes"]["arrays"]["output"]["shape"] == [2, 2]
    assert triton["infer classes"]["arrays"]["output"]["data"][::2] == best
    assert triton["infer classes json"]["arrays"]["output"]["data"] == best


def test_tritons_client_predicts_with_models_of_every_kind(triton, expected):
    assert triton["infer sum"]["arrays"]["sum"] == {"shape": [2], "dtype": "int64", "data": [122, 3]}
    assert triton["infer sum json"]["arrays"] == triton["infer sum"]["arrays"]
    assert triton["infer image"]["arrays"]["output"]["data"] == pytest.approx(PIXELS * 2)
    assert triton["infer table json"]["arrays"] == triton["infer table"]["arrays"]
    assert triton["infer table"]["arrays"]["output"]["data"] == [41, 40]
    half = np.float32(triton["infer half"]["arrays"]["output"]["data"]).reshape(2, 3)
    assert np.allclose(half, expected, atol=0.02)
    assert triton["generated body"]["size"] == triton["generated body"]["length"] + 32
    assert triton["parsed body"]["y"]["data"] == [2]


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("wrong name", "400", "the model takes 'input' (FP32 [-1, 4])"),
        ("wrong shape", "400", "takes FP32 in the shape [-1, 4]"),
        ("wrong type", "400", "The input 'input' is FP64; the model takes FP32"),
        ("wrong output", "400", "There is no output 'label2'; the model has 'output', 'label'"),
        ("unknown model", "404", "no model 'tulips'"),
        ("unknown version", "404", "7"),
        ("shared memory", "400", "Shared memory is not offered"),
        ("register system", "400", "Shared memory is not offered"),
        ("register cuda", "400", "Shared memory is not offered"),
        ("system region", "404", "There is no shared memory region 'region'"),
        ("cuda region", "404", "There is no shared memory region 'region'"),
        ("change traces", "400", "Traces are not offered"),
        ("change model traces", "400", "Traces are not offered"),
        ("change log", "400", "cannot change the log"),
        ("unloaded infer", "400", "Model 'iris' is unloaded"),
        ("load with config", "400", "the request has 'config'"),
        ("load with files", "400", "the request has 'config', 'file:1/model.onnx'"),
        ("load unknown", "404", "tulips"),
        ("unload unknown", "404", "tulips"),
    ],
)
def test_tritons_client_is_told_what_is_wrong(triton, name, status, words):
    assert triton[name]["status"] == status
    assert words in triton[name]["error"]


def test_tritons_client_unloads_and_loads(triton):
    ready = {"name": "iris", "version": "1", "state": "READY", "reason": ""}
    assert ready in triton["index"]
    assert [entry["name"] for entry in triton["index"]] == ["adder", "iris", "picture", "table"]
    assert (triton["unload"], triton["unloaded ready"]) == (None, False)
    assert ready | {"state": "UNAVAILABLE", "reason": "unloaded"} in triton["unloaded index"]
    assert (triton["still unloaded"], triton["load"], triton["loaded ready"]) == (False, None, True)


def test_tritons_client_sees_statistics_and_settings(triton):
    (iris,) = triton["statistics"]["model_stats"]
    assert triton["version statistics"]["model_stats"] == [iris]
    assert iris in triton["all statistics"]["model_stats"]
    assert iris["inference_count"] > iris["execution_count"] > 0
    assert iris["inference_stats"]["success"]["count"] > 0
    assert iris["last_inference"] > 1_700_000_000_000
    assert sum(batch["compute_infer"]["count"] for batch in iris["batch_stats"]) == iris["execution_count"]
    assert triton["traces"] == triton["model traces"]
    assert triton["traces"]["trace_level"] == ["OFF"]
    assert triton["log"]["log_errors"] is True
    assert triton["system memory"] == triton["cuda memory"] == []
    assert triton["unregister system"] is triton["unregister all cuda"] is None


def test_requests_of_one_client_at_once_get_their_own_answers(run_client, served_models, expected):
    results = run_client("triton_calls.py", "sync", f"127.0.0.1:{served_models.port}")
    for number in range(8):
        assert results[f"async infer {number}"]["response"]["id"] == str(number)
        array = results[f"async infer {number}"]["arrays"]["output"]["data"]
        assert np.array_equal(np.float32(array).reshape(2, 3), expected * 2**number)


def test_kserves_client_speaks_the_first_protocol(kserve, expected):
    results = kserve["v1"]
    assert (results["live"], results["model ready"]) == (True, True)
    assert "unsupported" in results["ready"]
    assert results["unknown ready"]["status"] == 404
    assert np.array_equal(np.float32(results["infer"]["predictions"]), expected)
    assert results["unknown infer"]["status"] == 404
    assert results["wrong infer"]["status"] == 400
    assert len(results["explain"]["explanations"]) == len(ROWS)


def test_kserves_client_speaks_the_second_protocol(kserve, assert_same, labels):
    results = kserve["v2"]
    assert (results["live"], results["ready"], results["model ready"]) == (True, True, True)
    assert results["unknown ready"] is False
    assert "unsupported" in results["explain"]
    for name in ("infer", "infer json", "infer binary", "infer all binary", "infer dict"):
        assert_same(results[name])
        assert results[name]["model_name"] == "iris"
    assert results["version header"] == "1"
    assert results["infer"]["id"] == "k-1"
    assert results["infer"]["arrays"]["label"]["data"] == labels
    assert list(results["infer binary"]["arrays"]) == ["label", "output"]
    assert results["infer binary"]["parameters"] == {"tag": "x"}
    assert results["infer table"]["arrays"]["output"]["data"] == [41, 40]
    assert results["graph"]["outputs"][0]["name"] == "output"
    assert "no model 'tulips'" in results["unknown infer"]["error"]
    assert "takes FP32 in the shape [-1, 4]" in results["wrong infer"]["error"]


DOCUMENT = (ROOT / "docs" / "open_inference.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["triton", "kserve"])
def test_the_examples_of_the_documentation_work(client_python, served_models, expected, example):
    program = example.replace("127.0.0.1:8000", f"127.0.0.1:{served_models.port}").replace("iris-keras", "iris")
    done = subprocess.run([client_python, "-c", program], capture_output=True, timeout=300, check=True)
    shown = re.findall(r"-?[0-9.]+(?:e[+-][0-9]+)?", done.stdout.decode())
    assert [float(number) for number in shown[:3]] == pytest.approx(expected[0].tolist(), rel=1e-5)


def test_the_curl_command_of_the_documentation_works(served_models, expected):
    (data,) = re.findall(r"curl -d '(.*?)'", DOCUMENT)
    path = f"{served_models.base_url}/v2/models/iris/infer"
    done = subprocess.run(["curl", "-s", "--noproxy", "*", "-d", data, path], capture_output=True, check=True)
    assert json.loads(done.stdout)["outputs"][0]["data"] == [float(str(number)) for number in expected[0]]
