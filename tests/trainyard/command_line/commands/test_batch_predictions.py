import json

import pytest

BATCH_ID = "01920000-0000-7000-8000-00000000000b"
PATH = f"/v1/batch-predictions/{BATCH_ID}"
SUBMIT = "/v1/models/m:batchPredict"


@pytest.fixture
def batch(fake, answer, batch_document):
    """A batch prediction that succeeds at the third look."""
    fake.on("POST", SUBMIT, answer(batch_document(), 202))
    fake.on(
        "GET",
        PATH,
        batch_document(),
        batch_document("running", num_done=2),
        batch_document("succeeded", num_done=4),
    )
    fake.on("GET", f"{PATH}/result", answer("row,prediction\n"))
    return fake


def test_answers_are_saved_and_progress_is_shown(invoke, batch, tmp_path):
    target = tmp_path / "answers.csv"
    result = invoke("batch-predict", "m", "flowers", "-o", str(target), "--columns", "id,name", "--columns", "kind")
    assert result.exit_code == 0, result.output
    assert target.read_text() == "row,prediction\n"
    assert "2 of 4 rows  2 rows/s" in result.stderr
    assert str(target) in result.stdout
    assert "version 2" in result.stdout
    assert "It has null for x." in result.stdout
    assert batch.requests[0].body["output"] == {"format": "csv", "columns": ["id", "name", "kind"]}
    assert batch.requests[0].body["on_error"] == "continue"


@pytest.mark.parametrize(
    ("name", "options", "form"),
    [
        ("a.parquet", [], "parquet"),
        ("a.NPZ", [], "npz"),
        ("a.txt", [], "csv"),
        ("a.csv", ["--format", "npz"], "npz"),
    ],
)
def test_the_format_is_that_of_the_name(invoke, batch, tmp_path, name, options, form):
    assert invoke("batch-predict", "m", "flowers", "-o", str(tmp_path / name), *options).exit_code == 0
    assert batch.requests[0].body["output"]["format"] == form


@pytest.mark.parametrize(
    ("text", "rows"),
    [("0:10", {"start": 0, "stop": 10}), ("5:", {"start": 5}), (":7", {"start": 0, "stop": 7})],
)
def test_rows_are_a_slice(invoke, batch, tmp_path, text, rows):
    assert invoke("batch-predict", "m", "flowers", "-o", str(tmp_path / "a"), "--rows", text).exit_code == 0
    assert batch.requests[0].body["rows"] == rows


@pytest.mark.parametrize("text", ["10", "a:b", "-1:3", "1:2:3"])
def test_rows_that_are_no_slice_are_refused(invoke, batch, text):
    result = invoke("batch-predict", "m", "flowers", "--rows", text)
    assert result.exit_code == 1
    assert "--rows 0:1000" in result.stderr
    assert batch.requests == []


def test_json_is_printed_for_programs(invoke, batch, tmp_path):
    result = invoke("batch-predict", "m", "flowers", "-o", str(tmp_path / "a.csv"), "--json", "--strict")
    assert json.loads(result.stdout)["state"] == "succeeded"
    assert batch.requests[0].body["on_error"] == "fail"


def test_a_failure_is_told(invoke, fake, answer, batch_document):
    error = {"code": "invalid_input", "detail": "Row 3 cannot be answered.", "attempt": 1}
    fake.on("POST", SUBMIT, answer(batch_document(), 202))
    fake.on("GET", PATH, batch_document("failed", error=error))
    result = invoke("batch-predict", "m", "flowers")
    assert result.exit_code == 1
    assert "Row 3 cannot be answered." in result.stderr


def test_a_dataset_that_does_not_fit_is_told(invoke, fake, answer):
    problem = {"pointer": "/dataset/columns/x", "detail": "There is no column 'x'.", "code": "missing_column"}
    body = {"detail": "There is no column 'x'.", "code": "invalid_batch_prediction", "errors": [problem]}
    fake.on("POST", SUBMIT, answer(body, 422))
    result = invoke("batch-predict", "m", "flowers")
    assert result.exit_code == 1
    assert "There is no column 'x'." in result.stderr


def test_ctrl_c_cancels_it(invoke, fake, answer, batch_document, monkeypatch):
    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("trainyard.batch_prediction.time.sleep", interrupt)
    fake.on("POST", SUBMIT, answer(batch_document(), 202))
    fake.on("GET", PATH, batch_document("running", num_done=2))
    fake.on("POST", f"{PATH}:cancel", answer(batch_document("running", cancel_requested=True), 202))
    result = invoke("batch-predict", "m", "flowers")
    assert result.exit_code == 130
    assert fake.count("POST", f"{PATH}:cancel") == 1
