import base64
import io
import json
import xml.etree.ElementTree as ET
from threading import Event

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from core.observation.bins import count, fit_number_bins
from core.observation.summaries import ColumnSummary, TrainingSummary
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from tests.api.conftest import save_model

SVG = "{http://www.w3.org/2000/svg}"
ROW = {"sepal_length": 0.1, "sepal_width": 0.2, "petal_length": 0.7, "petal_width": 9.0}
EXPLAIN = "/v1/models/iris:explain"


def summarise(rows, names):
    columns = []
    for name, values in zip(names, np.asarray(rows, float).T, strict=True):
        bins = fit_number_bins(values)
        columns.append(ColumnSummary(name=name, bins=bins, counts=count(values, bins)))
    return TrainingSummary(
        num_samples=len(rows), num_rows=len(rows), inputs=columns, outputs=(), num_answers=0, answers_of="train"
    )


@pytest.fixture
def trained(worker, iris):
    """A model whose training samples had 0 to 1 in each column."""
    rows = np.random.default_rng(1).random((500, 4))
    (iris / "training_summary.json").write_text(summarise(rows, tuple(ROW)).model_dump_json())
    worker.register("iris", iris)
    return rows


@pytest.fixture
def pictures(worker, tmp_path):
    """Images of 4×4: the score of `left` is the sum of the left half, that of `right` of the right half."""
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.IMAGE,
        input=TensorSpec(name="input", onnx_name="x", shape=(4, 4)),
        output=TensorSpec(name="output", onnx_name="y", shape=(2,)),
        class_labels=("left", "right"),
        answers_probabilities=False,
    )
    folder = save_image_model(tmp_path / "pictures", signature)
    worker.register("pictures", folder)


def save_image_model(folder, signature):
    halves = np.zeros((16, 2), np.float32)
    halves[[row * 4 + column for row in range(4) for column in (0, 1)], 0] = 1
    halves[[row * 4 + column for row in range(4) for column in (2, 3)], 1] = 1
    save_model(folder, halves, signature)
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["x", "shape"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["y"]),
        ],
        "halves",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2])],
        [numpy_helper.from_array(halves, "weights"), numpy_helper.from_array(np.array([-1, 16]), "shape")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder


def explain(client, address="iris", expected=200, **body):
    answer = client.post(f"/v1/models/{address}:explain", json=body)
    assert answer.status_code == expected, answer.text
    return answer.json()


def test_contributions_to_a_linear_model_are_exact(client, trained):
    body = explain(client, instances=[ROW])
    assert (body["model"], body["version"], body["method"]) == ("iris", 1, "shapley")
    (row,) = body["explanations"]
    assert (row["target"], row["output"], row["heat_map"]) == ("virginica", 2, None)
    by_name = {part["name"]: part for part in row["contributions"]}
    # Only the petal's length counts for virginica: 0.7 against the mean of the background, about that of training.
    assert by_name["petal_length"]["contribution"] == pytest.approx(row["prediction"] - row["baseline"], abs=1e-6)
    assert row["baseline"] == pytest.approx(trained[:, 2].mean(), abs=0.02)
    assert [by_name[name]["contribution"] for name in ("sepal_length", "sepal_width", "petal_width")] == [0, 0, 0]
    assert by_name["petal_width"]["value"] == 9.0
    assert by_name["petal_width"]["standard_error"] is None


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("instance", [list(ROW.values()), {"input": list(ROW.values())}, ROW])
def test_rows_have_every_form_of_predictions(client, instance):
    (row,) = explain(client, instances=[instance])["explanations"]
    assert [part["value"] for part in row["contributions"]] == list(ROW.values())


@pytest.mark.usefixtures("trained")
def test_another_class_and_a_background_may_be_asked_for(client):
    body = explain(client, instances=[ROW, ROW], target="setosa", background=[[0, 0, 0, 0], [0.2, 0, 0, 0]])
    for row in body["explanations"]:
        assert (row["target"], row["output"]) == ("setosa", 0)
        assert row["baseline"] == pytest.approx(0.1)
        assert row["contributions"][0]["contribution"] == pytest.approx(0, abs=1e-6)


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("address", ["iris/versions/1", "iris/labels/champion"])
def test_versions_and_aliases_are_explained(client, address):
    assert client.put("/v1/registry/models/iris/aliases/champion", json={"version": 1}).status_code == 200
    answer = client.post(f"/v1/models/{address}:explain", json={"instances": [ROW]})
    assert (answer.status_code, answer.headers["x-model-version"]) == (200, "1")


@pytest.mark.usefixtures("trained")
def test_occlusion_of_columns_is_the_fall_without_each(client):
    body = explain(client, instances=[ROW], method="occlusion", background=[[0, 0, 0, 0]])
    assert body["method"] == "occlusion"
    contributions = [part["contribution"] for part in body["explanations"][0]["contributions"]]
    assert contributions == pytest.approx([0, 0, 0.7, 0], abs=1e-6)


def test_many_columns_are_sampled_with_a_standard_error(client, worker, tmp_path):
    names = tuple(f"c{place}" for place in range(20))
    weights = np.arange(20.0)[:, None] / 10
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="input", onnx_name="x", shape=(20,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
        columns=names,
    )
    folder = save_model(tmp_path / "many", weights, signature)
    rows = np.random.default_rng(1).random((200, 20))
    (folder / "training_summary.json").write_text(summarise(rows, names).model_dump_json())
    worker.register("many", folder)
    body = explain(client, "many", instances=[[1.0] * 20], num_samples=64, seed=3)
    (row,) = body["explanations"]
    found = np.array([part["contribution"] for part in row["contributions"]])
    assert found.sum() == pytest.approx(row["prediction"] - row["baseline"], abs=1e-5)
    # Of a linear model every order gives the same; the rest is the spread of the background.
    np.testing.assert_allclose(found, weights[:, 0] * (1 - rows.mean(axis=0)), atol=0.05)
    assert all(part["standard_error"] is not None for part in row["contributions"])
    assert body["num_passes"] == 1 + 64 * 21
    assert body == explain(client, "many", instances=[[1.0] * 20], num_samples=64, seed=3)


@pytest.mark.usefixtures("pictures")
def test_the_part_of_an_image_that_matters_is_found(client):
    (row,) = explain(client, "pictures", instances=[[[200, 200, 90, 90]] * 4])["explanations"]
    assert (row["target"], row["prediction"], row["baseline"], row["contributions"]) == ("left", 1600, None, None)
    cells = np.array(row["heat_map"]["cells"])
    assert (row["heat_map"]["cell_height"], row["heat_map"]["cell_width"]) == (1, 1)
    assert (cells[:, 0] > 0).all()
    assert (cells[:, 3] == 0).all()


@pytest.mark.usefixtures("pictures")
def test_an_image_file_may_be_the_whole_body(client):
    file = io.BytesIO()
    Image.fromarray(np.full((4, 4), 120, np.uint8)).save(file, "PNG")
    answer = client.post("/v1/models/pictures:explain", content=file.getvalue())
    assert answer.json()["explanations"][0]["target"] == "left"
    encoded = {"b64": base64.b64encode(file.getvalue()).decode()}
    assert explain(client, "pictures", instances=[encoded])["explanations"] == answer.json()["explanations"]


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("?format=png", "*/*", "image/png"),
        ("?format=svg", "*/*", "image/svg+xml"),
        ("?format=json", "image/png", "application/json"),
        ("", "image/png", "image/png"),
        ("", "text/html, image/svg+xml;q=0.9", "image/svg+xml"),
        ("", "text/html", "application/json"),
    ],
)
def test_pictures_come_in_the_form_asked_for(client, query, accept, media_type):
    body = {"instances": [[[200, 200, 90, 90]] * 4, [[0, 0, 90, 255]] * 4]}
    answer = client.post(f"/v1/models/pictures:explain{query}", json=body, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, media_type)
    if media_type == "image/png":
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.size == (2 * 256 + 16, 2 * 256 + 16)
        # Red on the left of the first, red on the right of the second.
        assert picture.getpixel((272 + 30, 128))[0] > picture.getpixel((272 + 30, 128))[2]
        assert picture.getpixel((272 + 225, 272 + 128))[0] > picture.getpixel((272 + 225, 272 + 128))[2]
    if media_type == "image/svg+xml":
        picture = ET.fromstring(answer.content)  # noqa: S314 - the service's own
        assert len(picture.findall(f".//{SVG}image")) == 4
        assert "img-src data:" in answer.headers["content-security-policy"]


@pytest.mark.usefixtures("trained")
def test_contributions_are_drawn(client):
    answer = client.post(f"{EXPLAIN}?format=svg", json={"instances": [ROW, ROW]})
    assert answer.headers["content-type"] == "image/svg+xml"
    picture = ET.fromstring(answer.content)  # noqa: S314 - the service's own
    texts = [element.text for element in picture.iter() if element.text]
    assert "petal_length = 0.7" in texts
    assert sum(words.startswith("Row ") for words in texts) == 2


def test_hostile_values_are_escaped_in_the_picture(client, worker, iris):
    signature = json.loads((iris / "signature.json").read_text())
    signature["columns"][0] = "</text><script>\x08"
    (iris / "signature.json").write_text(json.dumps(signature))
    worker.register("iris", iris)
    body = {"instances": [[1, 2, 3, 4]], "background": [[0, 0, 0, 0]]}
    answer = client.post(f"{EXPLAIN}?format=svg", json=body)
    picture = ET.fromstring(answer.content)  # noqa: S314 - the service's own
    assert not [element for element in picture.iter() if element.tag.endswith("script")]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"instances": [[1, 2, 3]]}, "wrong_length", "row 0 has 3"),
        ({"instances": [{"sepal_length": 1}]}, "missing_column", "lacks the column 'sepal_width'"),
        ({"instances": [ROW], "target": "rose"}, "unknown_target", "no class 'rose'"),
        ({"instances": [ROW], "target": 7}, "unknown_target", "no class '7'"),
        ({"instances": [ROW] * 65}, "too_many_rows", "64"),
        ({"instances": [ROW], "background": [[1]]}, "wrong_length", "row 0 has 1"),
    ],
)
def test_rows_that_do_not_fit_are_rejected_as_in_predictions(client, body, code, words):
    answer = explain(client, expected=400, **body)
    assert answer["errors"][0]["code"] == code
    assert words in answer["detail"]
    assert answer["errors"][0]["pointer"].partition("/")[2].partition("/")[0] == list(body)[-1]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/instances"),
        ({"instances": []}, "/instances"),
        ({"instances": [ROW], "method": "lime"}, "/method"),
        ({"instances": [ROW], "num_samples": 0}, "/num_samples"),
        ({"instances": [ROW], "seed": -1}, "/seed"),
        ({"instances": [ROW], "sampels": 3}, "/sampels"),
        ({"instances": [ROW], "target": [1]}, "/target"),
    ],
)
def test_a_body_of_another_form_is_rejected(client, body, pointer):
    answer = explain(client, expected=422, **body)
    assert answer["errors"][0]["pointer"] == pointer


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(("content", "status"), [(b"{", 400), (b"[1]", 422), (b"\xff", 400), (b"", 400)])
def test_what_is_no_object_is_rejected(client, content, status):
    answer = client.post(EXPLAIN, content=content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(("field", "value"), [("method", "shapley"), ("background", [[[0] * 4] * 4])])
def test_what_images_do_not_have_is_rejected(client, field, value):
    answer = explain(client, "pictures", 400, instances=[[[0] * 4] * 4], **{field: value})
    assert answer["errors"][0]["pointer"] == f"/{field}"


def test_png_is_for_images(client, trained):
    assert len(trained) == 500
    answer = client.post(f"{EXPLAIN}?format=png", json={"instances": [ROW]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_a_version_without_a_summary_needs_a_background(client, worker, iris):
    worker.register("iris", iris)
    answer = explain(client, expected=400, instances=[ROW])
    assert answer["errors"][0]["code"] == "no_background"
    assert "Send 'background'" in answer["detail"]


def test_an_unknown_model_is_reported_as_a_problem(client):
    answer = client.post("/v1/models/rose:explain", json={"instances": [[1]]})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.usefixtures("trained")
def test_an_explanation_that_takes_too_long_is_given_up(client):
    answer = client.post(EXPLAIN, json={"instances": [ROW] * 64}, headers={"X-Request-Timeout-Ms": "1"})
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")


@pytest.mark.usefixtures("trained")
def test_an_expensive_explanation_is_refused_before_it_begins(client, worker, make_line):
    worker.register("line", make_line(2.0))
    rows = [[float(place)] for place in range(64)]
    assert explain(client, "line", instances=rows, background=rows)["num_passes"] == 64 + 64 * 2 * 64
    body = {"instances": [ROW] * 64, "background": [ROW] * 64}
    assert client.post(EXPLAIN, json=body).status_code == 200


@pytest.mark.usefixtures("trained")
def test_too_many_at_once_are_asked_to_come_back(client):
    explainers = client.app.state.service.explainers
    is_over = Event()
    portal = client.portal
    waiting = [portal.start_task_soon(explainers.run, is_over.wait, "busy") for _ in range(9)]
    try:
        answer = client.post(EXPLAIN, json={"instances": [ROW]})
        assert (answer.status_code, answer.json()["code"]) == (503, "server_busy")
        assert int(answer.headers["retry-after"]) >= 1
    finally:
        is_over.set()
    assert [task.result() for task in waiting] == [True] * 9
    assert client.post(EXPLAIN, json={"instances": [ROW]}).status_code == 200


def test_a_key_needs_the_scope_predict(locked_client, keep_key, worker, iris):
    worker.register("iris", iris)
    body = {"instances": [ROW], "background": [ROW]}
    for scope, status in (("read", 403), ("predict", 200)):
        headers = {"X-API-Key": keep_key(scope)}
        assert locked_client.post(EXPLAIN, json=body, headers=headers).status_code == status
