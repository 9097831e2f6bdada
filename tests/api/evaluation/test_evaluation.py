import json
import xml.etree.ElementTree as ET

import pytest

from core.evaluation import (
    AverageEvaluation,
    ClassEvaluation,
    ClassificationEvaluation,
    EvaluationReport,
    SplitCounts,
    SplitEvaluation,
)
from core.signatures.signature import Task

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert("1")</script>\x08'


def report_of(labels=("setosa", "versicolor", "virginica")):
    """Two samples of the first class, answered with the first and the second."""
    numbers = [
        (1.0, 0.5, 2 / 3, 2, 1, 1),
        (0.0, None, 0.0, 0, 1, 0),
        *[(None, None, None, 0, 0, 0)] * (len(labels) - 2),
    ]
    names = ("precision", "recall", "f1", "support", "predicted", "correct")
    counts = [[0] * len(labels) for _ in labels]
    counts[0][:2] = 1, 1
    average = AverageEvaluation(precision=0.5, recall=0.5, f1=1 / 3)
    classification = ClassificationEvaluation(
        accuracy=0.5,
        macro_average=average,
        weighted_average=average,
        classes=[
            ClassEvaluation(label=label, **dict(zip(names, row, strict=True)))
            for label, row in zip(labels, numbers, strict=True)
        ],
        confusion_matrix=counts,
    )
    test = SplitEvaluation(num_samples=2, metrics={"loss": None}, classification=classification)
    counts_of_splits = SplitCounts(train=8, validation=0, test=2)
    return EvaluationReport(task=Task.CLASSIFICATION, num_samples=counts_of_splits, validation=None, test=test)


@pytest.fixture
def keep(worker, iris):
    """A run that has succeeded and left a report; returns its path."""

    def register(report):
        (iris / "evaluation.json").write_text(report.model_dump_json())
        return f"/v1/runs/{worker.register('iris', iris)}"

    return register


def parse(picture):
    return ET.fromstring(picture)  # noqa: S314 - the service's own


def submit(client):
    return client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]


def test_the_report_is_returned_as_it_was_stored(client, keep, iris):
    path = keep(report_of())

    answer = client.get(f"{path}/evaluation")

    assert answer.content == (iris / "evaluation.json").read_bytes()
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["validation"] is None
    assert body["test"]["classification"]["classes"][1]["recall"] is None
    assert client.get(path).json()["links"]["evaluation"] == f"{path}/evaluation"


@pytest.mark.parametrize("form", ["evaluation", "evaluation.svg"])
def test_a_report_that_the_client_has_is_not_sent_again(client, keep, form):
    path = f"{keep(report_of())}/{form}"
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_the_picture_may_run_and_load_nothing(client, keep):
    answer = client.get(f"{keep(report_of())}/evaluation.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert parse(answer.text).find(f"{SVG}title").text == "iris: test"


def test_labels_are_escaped(client, keep):
    answer = client.get(f"{keep(report_of((HOSTILE, 'a & b', 'c')))}/evaluation.svg")

    elements = list(parse(answer.text).iter())
    assert {element.tag.removeprefix(SVG) for element in elements} <= {"svg", "title", "rect", "g", "text", "path"}
    assert "<script" not in answer.text
    assert "a & b" in {element.text for element in elements}


def test_a_split_can_be_chosen(client, keep):
    path = keep(report_of())
    chosen = client.get(f"{path}/evaluation.svg", params={"split": "validation"}).text
    assert "No samples were held out" in chosen
    assert client.get(f"{path}/evaluation.svg", params={"split": "train"}).status_code == 422


@pytest.mark.parametrize("form", ["evaluation", "evaluation.svg"])
def test_a_run_without_a_report_says_what_to_do(client, worker, iris, form):
    def ask(run_id):
        answer = client.get(f"/v1/runs/{run_id}/{form}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()["detail"]

    assert "Run its spec again" in ask(worker.register("older", iris))
    run_id = submit(client)
    assert "is queued. It is evaluated at its end" in ask(run_id)
    worker.fail(worker.claim())
    assert "is failed;" in ask(run_id)
    assert "There is no run" in ask("01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62")


def test_a_report_that_has_changed_on_disk_is_not_sent(client, keep, worker):
    path = keep(report_of())
    items = client.get(f"{path}/artifacts").json()["items"]
    sha256 = next(item["sha256"] for item in items if item["name"] == "evaluation.json")
    worker.store.path(sha256).write_text(json.dumps({}))
    assert client.get(f"{path}/evaluation").json()["code"] == "artifact_corrupt"
