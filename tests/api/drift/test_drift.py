import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from api.drift.routes import read_since
from core.errors import InvalidInput
from core.observation.bins import count, fit_category_bins, fit_number_bins
from core.observation.summaries import ColumnSummary, TrainingSummary

NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
LABELS = ("setosa", "versicolor", "virginica")
DRIFT = "/v1/registry/models/iris/versions/1/drift"
HOSTILE = '</text><script>alert("1")</script>\x08'


def summarise(rows, names=NAMES, labels=LABELS):
    """The summary of rows, as training leaves it; the first three numbers of a row are the probabilities."""
    inputs = []
    for name, values in zip(names, rows.T, strict=True):
        bins = fit_number_bins(values)
        inputs.append(ColumnSummary(name=name, bins=bins, counts=count(values, bins)))
    classes, confidence = rows[:, :3].argmax(axis=1).astype(float), rows[:, :3].max(axis=1)
    by_class, by_confidence = fit_category_bins(classes, labels), fit_number_bins(confidence, is_computed=True)
    outputs = [
        ColumnSummary(name="class", bins=by_class, counts=count(classes, by_class)),
        ColumnSummary(name="confidence", bins=by_confidence, counts=count(confidence, by_confidence)),
    ]
    return TrainingSummary(
        num_samples=len(rows),
        num_rows=len(rows),
        inputs=inputs,
        outputs=outputs,
        num_answers=len(rows),
        answers_of="train",
    )


@pytest.fixture
def rows():
    return np.random.default_rng(3).random((400, 4)).astype(np.float32).astype(float)


@pytest.fixture
def trained(worker, iris, rows):
    """A model that was trained on the rows."""
    (iris / "training_summary.json").write_text(summarise(rows).model_dump_json())
    worker.register("iris", iris)


def predict(client, rows, form="v1"):
    if form == "v1":
        answer = client.post("/v1/models/iris:predict", json={"instances": rows.tolist()})
    else:
        tensor = {"name": "input", "shape": list(rows.shape), "datatype": "FP32", "data": rows.ravel().tolist()}
        answer = client.post("/v2/models/iris/infer", json={"inputs": [tensor]})
    assert answer.status_code == 200, answer.text


def flush(client):
    """Count and store what has been served, without waiting for the thread that does."""
    observers = client.app.state.service.observers
    observers.stop()
    observers.start()


def serve(client, rows, form="v1"):
    for start in range(0, len(rows), 50):
        predict(client, rows[start : start + 50], form)
        client.app.state.service.observers.count()
    flush(client)


@pytest.mark.parametrize("form", ["v1", "v2"])
@pytest.mark.usefixtures("trained")
def test_rows_like_those_of_training_are_stable(client, rows, form):
    serve(client, rows, form)
    body = client.get(DRIFT).json()
    assert (body["num_rows"], body["reason"], body["shifted"]) == (400, None, [])
    assert [column["name"] for column in body["inputs"]] == list(NAMES)
    assert [column["name"] for column in body["predictions"]] == ["class", "confidence"]
    assert {column["reading"] for column in (*body["inputs"], *body["predictions"])} == {"stable"}
    assert body["links"]["picture"] == f"{DRIFT}.svg"


@pytest.mark.usefixtures("trained")
def test_a_column_that_has_shifted_is_named(client, rows):
    rows[:, 3] = rows[:, 3] + 5
    serve(client, rows)
    body = client.get(DRIFT).json()
    assert body["shifted"] == ["petal_width"]
    column = body["inputs"][3]
    assert column["psi"] > 1
    assert column["served"]["mean"] == pytest.approx(rows[:, 3].mean(), rel=1e-6)
    assert column["reference"]["mean"] == pytest.approx(rows[:, 3].mean() - 5, rel=1e-5)
    above = column["bins"][-1]
    assert above["label"].startswith("> ")
    assert (above["reference"], above["served"]) == (0, 1)
    assert sum(part["served"] for part in column["bins"]) == pytest.approx(1)


@pytest.mark.usefixtures("trained")
def test_predicted_classes_are_counted(client):
    serve(client, np.tile([[0.1, 0.2, 0.7, 0.0]], (200, 1)))
    column = client.get(DRIFT).json()["predictions"][0]
    assert (column["kind"], column["reading"]) == ("category", "shifted")
    assert {part["label"]: part["served"] for part in column["bins"]} == {"setosa": 0, "versicolor": 0, "virginica": 1}
    assert column["served"]["mean"] is None


@pytest.mark.usefixtures("trained")
def test_few_rows_are_counted_and_not_compared(client, rows):
    serve(client, rows[:50])
    body = client.get(DRIFT).json()
    assert (body["num_rows"], body["num_watched"]) == (50, 50)
    assert "50 served rows were looked at; a comparison needs 100." in body["reason"]
    assert {column["psi"] for column in body["inputs"]} == {None}


def test_a_version_without_a_summary_is_counted_alone(client, worker, iris, rows):
    worker.register("iris", iris)
    serve(client, rows)
    body = client.get(DRIFT).json()
    assert body["num_watched"] == 400
    assert "no summary of its training samples" in body["reason"]
    assert [column["reference"] for column in body["inputs"]] == [None] * 4
    assert {part["reference"] for part in body["inputs"][0]["bins"]} == {None}
    assert body["predictions"][0]["bins"][0]["label"] == "setosa"


@pytest.mark.usefixtures("trained")
def test_a_version_that_has_not_been_served_has_no_rows(client):
    body = client.get(DRIFT).json()
    assert (body["num_rows"], body["num_watched"]) == (0, 0)
    assert body["inputs"][0]["served"]["num_rows"] == 0
    assert client.get(f"{DRIFT}.svg").status_code == 200


@pytest.mark.usefixtures("trained")
def test_rows_before_the_moment_asked_for_are_left_out(client, rows):
    serve(client, rows[:100])
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert client.get(DRIFT, params={"since": tomorrow}).json()["num_rows"] == 0
    for since in ("1h", "24h", "7d", "2026-01-01", "0001-01-01", "always"):
        assert client.get(DRIFT, params={"since": since}).json()["num_rows"] == 100, since


@pytest.mark.parametrize("since", ["", "yesterday", "0d", "7 days", "2026-13-01", "1" * 30 + "d"])
@pytest.mark.usefixtures("trained")
def test_a_moment_that_is_none_is_rejected(client, since):
    answer = client.get(DRIFT, params={"since": since})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "bad_moment"


def test_moments_are_read_as_whole_hours():
    assert read_since("2026-03-02T09:45:10+01:00") == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert read_since("2026-03-02") == datetime(2026, 3, 2, tzinfo=UTC)
    assert read_since("always") is None
    age = datetime.now(UTC) - read_since("2d")
    assert timedelta(days=2) <= age < timedelta(days=2, hours=1, minutes=1)
    with pytest.raises(InvalidInput, match=r"'never'.*24h or 7d"):
        read_since("never")


@pytest.mark.parametrize("form", ["drift", "drift.svg"])
@pytest.mark.parametrize(("address", "named"), [("iris/versions/9", "It has 1."), ("iriss/versions/1", "'iris'?")])
@pytest.mark.usefixtures("trained")
def test_unknown_versions_are_reported_with_those_that_there_are(client, form, address, named):
    answer = client.get(f"/v1/registry/models/{address}/{form}")
    assert answer.status_code == 404
    assert named in answer.json()["detail"]


@pytest.mark.parametrize("version", ["0", "x", "99999999999999999999"])
@pytest.mark.usefixtures("trained")
def test_what_is_not_the_number_of_a_version_is_unknown(client, version):
    assert client.get(f"/v1/registry/models/iris/versions/{version}/drift").status_code == 404


@pytest.mark.usefixtures("trained")
def test_the_picture_shows_every_column(client, rows):
    rows[:, 3] = rows[:, 3] + 5
    serve(client, rows)
    answer = client.get(f"{DRIFT}.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    picture = ET.fromstring(answer.content)  # noqa: S314 - the service's own
    texts = [element.text for element in picture.iter() if element.text]
    for words in (*NAMES, "class", "confidence", "Shifted: petal_width", "shifted"):
        assert words in texts
    assert texts.index("petal_width") < texts.index("sepal_length")


def test_hostile_names_are_escaped_in_the_picture(client, worker, iris, rows):
    signature = json.loads((iris / "signature.json").read_text())
    signature["columns"][0] = HOSTILE
    signature["class_labels"][0] = HOSTILE
    (iris / "signature.json").write_text(json.dumps(signature))
    summary = summarise(rows, (HOSTILE, *NAMES[1:]), (HOSTILE, *LABELS[1:]))
    (iris / "training_summary.json").write_text(summary.model_dump_json())
    worker.register("iris", iris)
    serve(client, rows)
    picture = ET.fromstring(client.get(f"{DRIFT}.svg").content)  # noqa: S314 - the service's own
    assert not [element for element in picture.iter() if element.tag.endswith("script")]


def test_a_damaged_summary_is_no_answer_but_rows_are_served(client, worker, iris, rows):
    (iris / "training_summary.json").write_text("{}")
    worker.register("iris", iris)
    serve(client, rows[:100])
    answer = client.get(DRIFT)
    assert answer.status_code == 500
    assert answer.json()["code"] == "artifact_corrupt"


@pytest.mark.usefixtures("trained")
def test_counts_outlive_the_process(client, rows, make_client, settings):
    predict(client, rows[:100])
    client.__exit__(None, None, None)
    assert make_client(settings).get(DRIFT).json()["num_rows"] == 100


@pytest.mark.usefixtures("trained")
def test_nothing_is_counted_if_the_setting_says_so(make_client, make_settings, rows):
    client = make_client(make_settings(watch_predictions=False))
    serve(client, rows[:100])
    body = client.get(DRIFT).json()
    assert body["num_rows"] == 0
    assert "0 served rows" in body["reason"]


@pytest.mark.usefixtures("trained")
def test_drift_is_measured_for_prometheus(client, rows, scrape):
    rows[:, 3] = rows[:, 3] + 5
    serve(client, rows)
    samples = scrape(client)
    version = 'model="iris",version="1"'
    assert samples[f"trainyard_served_rows_total{{{version}}}"] == 400
    assert samples[f"trainyard_watched_rows_total{{{version}}}"] == 400
    assert samples[f"trainyard_drift_shifted_columns{{{version}}}"] == 1
    assert samples['trainyard_drift_psi{column="petal_width",model="iris",role="input",version="1"}'] > 1
    assert samples['trainyard_drift_psi{column="class",model="iris",role="output",version="1"}'] < 0.1
