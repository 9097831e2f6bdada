import json
import math
import time
from base64 import b64encode
from io import BytesIO

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image

from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec

PREDICT = "/v1/models/iris:predict"
ROW = [0.25, 0.5, 0.125, 9.0]
NAMED = {"sepal_length": 0.25, "sepal_width": 0.5, "petal_length": 0.125, "petal_width": 9.0}


@pytest.fixture
def served(client, worker, iris):
    """A client of a service with the model `iris`, version 1."""
    worker.register("iris", iris)
    return client


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    return body["error"]


def test_rows_of_numbers_are_answered_with_probabilities(served):
    answer = served.post(PREDICT, json={"signature_name": "serving_default", "instances": [ROW, [1, 0, 0, 0]]})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-model-version"] == "1"
    assert answer.json() == {"predictions": [[0.25, 0.5, 0.125], [1.0, 0.0, 0.0]]}


def test_the_column_form_is_answered_under_outputs(served):
    assert served.post(PREDICT, json={"inputs": [ROW]}).json() == {"outputs": [[0.25, 0.5, 0.125]]}
    assert served.post(PREDICT, json={"inputs": {"input": [ROW]}}).json() == {"outputs": [[0.25, 0.5, 0.125]]}


def test_rows_by_column_name_are_answered_with_labels(served):
    expected = {
        "label": "versicolor",
        "class": 1,
        "probabilities": {"setosa": 0.25, "versicolor": 0.5, "virginica": 0.125},
    }
    assert served.post(PREDICT, json={"instances": [NAMED]}).json() == {"predictions": [expected]}
    labelled = served.post(f"{PREDICT}?labels=true", json={"instances": [ROW]})
    assert labelled.json() == {"predictions": [expected]}
    plain = served.post(f"{PREDICT}?labels=false", json={"instances": [ROW]})
    assert plain.json() == {"predictions": [[0.25, 0.5, 0.125]]}


def test_classify_and_regress_answer_under_results(served, worker, make_line):
    worker.register("line", make_line(3.0))
    classified = served.post("/v1/models/iris:classify", json={"examples": [NAMED]})
    assert classified.json() == {"results": [[["setosa", 0.25], ["versicolor", 0.5], ["virginica", 0.125]]]}
    regressed = served.post("/v1/models/line:regress", json={"examples": [{"x": 2.0}, {"x": -1}]})
    assert regressed.json() == {"results": [6.0, -3.0]}
    assert regressed.headers["x-model-version"] == "1"
    assert ":regress returns numbers" in error_of(
        served.post("/v1/models/line:regress?labels=1", json={"examples": [{"x": 2.0}]}), 400
    )
    error_of(served.post("/v1/models/iris:regress", json={"examples": [NAMED]}), 400)


def test_more_rows_than_a_network_works_on_at_once_are_answered_in_order(served):
    rows = [[number, 0, -number, 0] for number in range(1000)]
    predictions = served.post(PREDICT, json={"instances": rows}).json()["predictions"]
    assert predictions == [[number, 0, -number] for number in range(1000)]


def test_nan_and_infinities_are_numbers_both_ways(served):
    # Infinity · 0 is NaN, so that every class but the first is.
    answer = served.post(PREDICT, content=b'{"instances": [[-Infinity, 0, 0, 0], [NaN, 1, 0, 0]]}')
    assert answer.status_code == 200
    first, second = json.loads(answer.text)["predictions"]
    assert first[0] == -math.inf
    assert all(math.isnan(value) for value in (*first[1:], *second))
    assert "-Infinity" in answer.text


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "text/plain", "application/json"])
def test_the_content_type_does_not_matter(served, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    answer = served.post(PREDICT, content=json.dumps({"instances": [ROW]}), headers=headers)
    assert answer.status_code == 200


def test_versions_and_aliases_answer_and_a_new_version_serves_within_a_second(client, worker, make_line):
    worker.register("line", make_line(2.0))
    body = {"instances": [[1.0]]}

    def ask(path):
        answer = client.post(f"/v1/models/line{path}:predict", json=body)
        return answer.headers["x-model-version"], answer.json()["predictions"][0][0]

    assert ask("") == ("1", 2.0)
    worker.register("line", make_line(5.0))
    assert ask("/versions/2") == ("2", 5.0)
    deadline = time.monotonic() + 5
    while ask("") == ("1", 2.0) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ask("") == ("2", 5.0)
    assert ask("/versions/1") == ("1", 2.0)
    assert ask("/versions/2") == ("2", 5.0)
    for version, slope in ((1, 2.0), (2, 5.0), (1, 2.0)):
        client.put("/v1/registry/models/line/aliases/champion", json={"version": version})
        assert ask("/labels/champion") == (str(version), slope)


@pytest.mark.parametrize("verb", ["predict", "classify", "regress"])
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/models/irs", "Did you mean 'iris'?"),
        ("/v1/models/iris/versions/7", "has no version 7"),
        ("/v1/models/iris/versions/0", "has no version 0"),
        ("/v1/models/iris/versions/one", "not the number of a version"),
        ("/v1/models/iris/versions/99999999999999999999999", "not the number of a version"),
        ("/v1/models/iris/versions/-1", "not the number of a version"),
        ("/v1/models/iris/versions/²", "not the number of a version"),
        ("/v1/models/iris/labels/best", "no alias 'best'"),
        ("/v1/models/iris/labels/1", "no alias '1'. It has no aliases. A version is named by /versions/1."),
        ("/v1/models/ï", "There is no model"),
    ],
)
def test_an_unknown_model_version_or_alias_is_reported(served, path, words, verb):
    assert words in error_of(served.post(f"{path}:{verb}", json={"instances": [ROW]}), 404)


@pytest.mark.parametrize("path", ["/v1/models/irs", "/v1/models/iris/versions/7", "/v1/models/iris/labels/best"])
@pytest.mark.parametrize("suffix", ["", "/metadata"])
def test_an_unknown_model_has_no_status_and_no_metadata(served, path, suffix):
    error_of(served.get(path + suffix), 404)


def test_a_model_whose_run_is_not_finished_is_reported_with_the_run_and_its_state(client, worker):
    run_id = client.post("/v1/runs", json={"preset": "iris-keras"}).json()["id"]
    paths = ["/v1/models/iris-keras:predict", "/v1/models/iris-keras/versions/1:predict"]

    def details():
        return {error_of(client.post(path, json={"instances": [ROW]}), 404) for path in paths}

    for state in ("queued", "running"):
        (words,) = details()
        assert run_id in words
        assert f"is {state}" in words
        assert f"is {state}" in error_of(client.get("/v1/models/iris-keras"), 404)
        if state == "queued":
            claimed = worker.claim()
    worker.fail(claimed, detail="The loss was NaN at step 3.")
    (words,) = details()
    assert run_id in words
    assert "failed" in words
    assert "The loss was NaN at step 3." in words


def test_an_older_version_answers_while_a_new_one_is_trained(served):
    answer = served.post("/v1/runs", json={"preset": "iris-keras", "overrides": {"name": "iris"}})
    assert answer.status_code == 202
    assert served.post(PREDICT, json={"instances": [ROW]}).headers["x-model-version"] == "1"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "deeper than 32"),
        (b'{"instances": ' * 50 + b"[]" + b"}" * 50, "deeper than 32"),
        (b"\xff", "UTF-8"),
        (b"[]", "list"),
        (b"{}", "neither"),
        (b'{"instances": [[1, 2, 3, 4]], "inputs": [[1, 2, 3, 4]]}', "both"),
        (b'{"instances": []}', "empty"),
        (b'{"instance": [[1, 2, 3, 4]]}', "Did you mean 'instances'?"),
        (b'{"instances": [[1, 2, 3, 4], [1, 2, 3]]}', "row 1 has 3"),
        (b'{"instances": [[1, 2, 3, 4, 5]]}', "row 0 has 5"),
        (b'{"instances": [[1, 2, 3, "4"]]}', "not a number"),
        (b'{"instances": [1, 2, 3, 4]}', "numbers of each row in a list"),
        (b'{"instances": [[1, 2, 3, 1e39]]}', "32-bit"),
        (b'{"instances": [{"sepal_length": 1, "sepal_width": 1, "petal_length": 1, "petal_widht": 1}]}', "petal_width"),
        (b'{"instances": [{"sepal_length": 1, "sepal_width": 1, "petal_length": 1}]}', "lacks the column"),
        (b'{"signature_name": "other", "instances": [[1, 2, 3, 4]]}', "serving_default"),
    ],
)
def test_a_request_that_does_not_fit_the_model_is_reported(served, body, words):
    assert words in error_of(served.post(PREDICT, content=body), 400)


@pytest.mark.parametrize("query", ["labels=perhaps", "label=true", "labels="])
def test_query_parameters_are_checked(served, query):
    assert "labels" in error_of(served.post(f"{PREDICT}?{query}", json={"instances": [ROW]}), 400)


def test_more_rows_than_the_limit_are_rejected(served):
    body = json.dumps({"instances": [[0, 0, 0, 0]] * 10_001})
    assert "10001 rows" in error_of(served.post(PREDICT, content=body), 400)


def test_the_status_lists_the_versions_and_says_ready(served, worker, iris):
    worker.register("iris", iris)
    status = served.get("/v1/models/iris").json()
    assert (status["name"], status["ready"]) == ("iris", True)
    assert status["model_version_status"] == [
        {"version": version, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        for version in ("2", "1")
    ]
    one = served.get("/v1/models/iris/versions/1").json()
    assert [entry["version"] for entry in one["model_version_status"]] == ["1"]


def test_the_metadata_describes_inputs_and_outputs(served):
    for path in ("/v1/models/iris", "/v1/models/iris/versions/1"):
        answer = served.get(f"{path}/metadata")
        assert answer.json()["model_spec"] == {"name": "iris", "signature_name": "", "version": "1"}
        signature = answer.json()["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert signature["inputs"]["input"]["tensor_shape"]["dim"] == [
            {"size": "-1", "name": ""},
            {"size": "4", "name": ""},
        ]


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_network_that_has_changed_on_disk_is_not_used(served, settings, damage):
    (path,) = [path for path in settings.artifacts_dir.rglob("*") if path.is_file() and b"by_hand" in path.read_bytes()]
    if damage == "changed":
        path.write_bytes(path.read_bytes().replace(b"by_hand", b"by_hnad"))
    else:
        path.unlink()
    assert "Train the run again" in error_of(served.post(PREDICT, json={"instances": [ROW]}), 500)


def test_a_network_is_loaded_once_and_shared_by_versions_with_the_same_bytes(served, worker, iris, monkeypatch):
    worker.register("iris", iris)
    loaded = []
    original = worker.store.__class__.verified_path
    monkeypatch.setattr(
        "storage.artifact_folder.ArtifactFolder.verified_path",
        lambda store, sha256: loaded.append(sha256) or original(store, sha256),
    )
    for path in ("", "/versions/1", "/versions/2", ""):
        assert served.post(f"/v1/models/iris{path}:predict", json={"instances": [ROW]}).status_code == 200
    assert len(loaded) == 2


def test_a_succeeded_run_without_a_network_cannot_answer(client, worker, iris):
    (iris / "model.onnx").unlink()
    worker.register("iris", iris)
    assert "no network" in error_of(client.post(PREDICT, json={"instances": [ROW]}), 500)


@pytest.fixture
def bright_side(tmp_path):
    """Predicts the brighter side of a 1×2 image; takes images of any size."""
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.IMAGE,
        input=TensorSpec(name="image", onnx_name="x", shape=(1, 2, 1)),
        output=TensorSpec(name="output", onnx_name="y", shape=(2,)),
        class_labels=("left", "right"),
        pixel_range=(0.0, 1.0),
        resize="stretch",
    )
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["y"])],
        "by_hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1, 2, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder = tmp_path / "bright-side"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "signature.json").write_text(signature.model_dump_json())
    return folder


FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]


def picture(format_="PNG"):
    """Black on the left, white on the right."""
    buffer = BytesIO()
    options = {"lossless": True} if format_ == "WEBP" else {}
    Image.fromarray(np.array([[0, 0, 255, 255]] * 3, np.uint8)).save(buffer, format_, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("media_type", [None, "image/*", "application/octet-stream"])
def test_a_file_of_each_format_may_be_the_whole_body(client, worker, bright_side, format_, media_type):
    worker.register("bright-side", bright_side)
    headers = {"content-type": media_type} if media_type else {}
    answer = client.post("/v1/models/bright-side:predict", content=picture(format_), headers=headers)
    (row,) = answer.json()["predictions"]
    assert row["label"] == "right"
    as_text = {"instances": [{"b64": b64encode(picture(format_)).decode()}]}
    assert client.post("/v1/models/bright-side:predict", json=as_text).json() == answer.json()


UNKNOWN_FILES = [b"\x00\x00\x00\x1cftypavif", b"P5 2 1 255 \xff\x00", b"<svg/>"]


@pytest.mark.parametrize("body", UNKNOWN_FILES)
def test_a_body_called_an_image_gets_the_message_of_the_same_file_as_base64(client, worker, bright_side, body):
    worker.register("bright-side", bright_side)
    path = "/v1/models/bright-side:predict"
    error = error_of(client.post(path, content=body, headers={"content-type": "image/avif"}), 400)
    assert error == "The body is not an image of a known format. Send PNG, JPEG, WEBP, GIF, BMP or TIFF."
    as_text = {"instances": [{"b64": b64encode(body).decode()}]}
    assert error_of(client.post(path, json=as_text), 400) == error.replace("The body", "Row 0")


def test_a_body_that_is_neither_json_nor_an_image_is_told_both(client, worker, bright_side):
    worker.register("bright-side", bright_side)
    error = error_of(client.post("/v1/models/bright-side:predict", content=UNKNOWN_FILES[1]), 400)
    assert error == (
        "The body is neither JSON nor an image of a known format. Send JSON, or PNG, JPEG, WEBP, GIF, BMP or TIFF."
    )


def test_json_that_is_called_an_image_is_json(served):
    answer = served.post(
        PREDICT, content=b' {"instances": [[0.25, 0.5, 0.125, 9]]}', headers={"content-type": "image/png"}
    )
    assert answer.status_code == 200
    assert "is empty" in error_of(served.post(PREDICT, headers={"content-type": "image/png"}), 400)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_model_that_takes_no_images_says_what_it_takes(served, format_):
    assert error_of(served.post(PREDICT, content=picture(format_)), 400) == (
        "The body is an image file, but this model takes rows of 4 columns, 'sepal_length', 'sepal_width', "
        "'petal_length', 'petal_width'. Send them as JSON: {\"instances\": [...]}."
    )


@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_only_predict_takes_images(served, verb):
    assert "only :predict takes images" in error_of(served.post(f"/v1/models/iris:{verb}", content=picture()), 400)


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_signature_name_is_the_default_one_for_each_verb(served, worker, make_line, name):
    worker.register("line", make_line(3.0))
    for path, body in (
        ("iris:predict", {"instances": [ROW]}),
        ("iris:predict", {"inputs": [ROW]}),
        ("iris:classify", {"examples": [NAMED]}),
        ("line:regress", {"examples": [{"x": 2.0}]}),
    ):
        answers = [served.post(f"/v1/models/{path}", json={**body, **more}) for more in ({}, {"signature_name": name})]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()


def test_the_names_of_models_are_listed_as_kserve_lists_them(served, worker, make_line):
    worker.register("line", make_line(3.0))
    assert served.get("/v1/models").json() == {"models": ["iris", "line"]}
    assert served.head("/v1/models").status_code == 200
    assert served.options("/v1/models").headers["allow"] == "GET, HEAD, OPTIONS"
    rejected = served.post("/v1/models", json={})
    assert rejected.headers["allow"] == "GET, HEAD, OPTIONS"
    assert "does not support POST" in error_of(rejected, 405)


def test_without_models_the_list_of_names_is_empty(client):
    assert client.get("/v1/models").json() == {"models": []}


@pytest.mark.parametrize("media_type", ["image/png", "application/x-www-form-urlencoded"])
def test_an_image_file_of_any_size_may_be_the_whole_body(client, worker, bright_side, media_type):
    worker.register("bright-side", bright_side)
    buffer = BytesIO()
    Image.fromarray(np.array([[0, 0, 255, 255]] * 3, np.uint8)).save(buffer, "PNG")
    headers = {"content-type": media_type}
    answer = client.post("/v1/models/bright-side:predict", content=buffer.getvalue(), headers=headers)
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["predictions"]
    # The triangle filter reaches over the middle: (3·0 + 3·0 + 1·255) / 7 on the left, rounded.
    assert (row["label"], row["class"]) == ("right", 1)
    assert row["probabilities"] == pytest.approx({"left": 36 / 255, "right": 219 / 255})
    broken = client.post("/v1/models/bright-side:predict", content=buffer.getvalue()[:40], headers=headers)
    assert "The body is a broken image" in error_of(broken, 400)
