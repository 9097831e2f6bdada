"""Warnings from the upload and the check of a spec, in every answer about a run."""

import io
import zipfile

from core.notices import Notice

# As in reports to tsfresh, FLAML and Ludwig: an index that pandas wrote, and a class called None.
PANDAS = ",x,label\n" + "".join(
    f"{row},{row * 7 % 13 / 4 + row / 1000},{'ab'[row * 5 % 7 > 3]}\n" for row in range(100)
)
NONE_CLASS = "x,severity\n" + "".join(f"{row % 7},{('None', 'Mild', 'Severe')[row % 3]}\n" for row in range(60))


def upload(client, text, name="mine"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("table.csv", text)
        archive.writestr("notes.log", "no data")
    answer = client.post("/v1/datasets", content=packed.getvalue(), params={"name": name})
    assert answer.status_code == 201, answer.text
    return answer.json()


def spec(target, num_classes, **dataset):
    return {
        "name": "mine",
        "dataset": {"name": "table", "dataset": "mine", "target": target, **dataset},
        "model": {"kind": "mlp", "layers": [{"units": num_classes, "activation": "softmax"}]},
        "training": {"loss": "sparse_categorical_crossentropy", "epochs": 1},
    }


def codes(document):
    return [(warning["code"], warning["pointer"]) for warning in document["warnings"]]


def test_a_run_on_a_table_with_a_row_number_carries_the_warning_everywhere(client):
    shown = upload(client, PANDAS)
    body = {"spec": spec("label", 2)}
    checked = client.post("/v1/specs:validate", json=body).json()
    submitted = client.post("/v1/runs", json=body)
    assert submitted.status_code == 202
    run = client.get(submitted.headers["Location"]).json()
    assert ("row_number", "/dataset/columns/column_1") in codes(run)
    # The upload's own warnings come with the run.
    assert ("files_ignored", "/dataset/dataset") in codes(run)
    assert {warning["code"] for warning in shown["warnings"]} <= {warning["code"] for warning in run["warnings"]}
    assert submitted.json()["warnings"] == checked["warnings"] == run["warnings"]
    (listed,) = client.get("/v1/runs").json()["items"]
    assert listed["num_warnings"] == run["num_warnings"] == len(run["warnings"])
    assert "warnings" not in listed


def test_the_example_spec_leaves_a_row_number_out_and_is_not_warned_of_it(client):
    shown = upload(client, PANDAS)
    example = shown["example_spec"]
    assert (example["dataset"]["target"], example["dataset"]["exclude"]) == ("label", ["column_1"])
    run = client.post("/v1/runs", json={"spec": example}).json()
    assert "row_number" not in [code for code, _ in codes(run)]


def test_a_class_called_none_is_told_in_the_run(client):
    upload(client, NONE_CLASS)
    run = client.post("/v1/runs", json={"spec": spec("severity", 2)}).json()
    (dropped,) = [warning for warning in run["warnings"] if warning["code"] == "rows_dropped"]
    assert dropped["pointer"] == "/dataset/target"
    assert dropped["detail"].startswith("20 of 60 rows are left out, as many as a class has")


def test_warnings_that_the_trainer_finds_are_added_and_change_the_etag(client, worker):
    submitted = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()
    path = submitted["links"]["self"]
    claimed = worker.claim()
    before = client.get(path)
    assert before.json()["warnings"] == submitted["warnings"] == []
    worker.describe(claimed, warnings=[Notice("leakage", "/dataset/inputs", "Column 1 tells the target.")])
    after = client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["warnings"] == [
        {"code": "leakage", "pointer": "/dataset/inputs", "detail": "Column 1 tells the target."}
    ]


def test_a_replayed_submission_has_the_warnings_of_the_first_answer(client):
    upload(client, NONE_CLASS)
    body = {"spec": spec("severity", 2)}
    first, again = (client.post("/v1/runs", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert codes(first.json())
    assert again.content == first.content
