"""Batch predictions from Python, with both kinds of client."""

import pytest

from trainyard import BatchPredictionFailed, InvalidArgument, NotFound, UnexpectedAnswer, WaitTimedOut

BATCH_ID = "01920000-0000-7000-8000-00000000000b"
PATH = f"/v1/batch-predictions/{BATCH_ID}"
SUBMIT = "/v1/models/m:batchPredict"


def test_everything_that_is_asked_for_is_sent(client, fake, answer, batch_document):
    fake.on("POST", "/v1/models/m/versions/2:batchPredict", answer(batch_document(), 202))
    batch = client.batch_predict(
        "m",
        "flowers",
        version=2,
        dataset_version=3,
        array="x",
        columns=("id", "name"),
        format="npz",
        answers="values",
        start=1,
        stop=3,
        on_error="fail",
        idempotency_key="a1",
    )
    (request,) = fake.requests
    assert request.headers["idempotency-key"] == "a1"
    assert request.body == {
        "dataset": {"name": "flowers", "version": 3, "array": "x"},
        "output": {"format": "npz", "columns": ["id", "name"], "answers": "values"},
        "rows": {"start": 1, "stop": 3},
        "on_error": "fail",
    }
    assert (batch.id, batch.state, batch.progress, batch.has_ended) == (BATCH_ID, "queued", None, False)
    assert (batch.snapshot.model_version, batch.snapshot.dataset_version) == (2, 3)


def test_a_request_has_a_key_of_its_own_and_leaves_the_rest_open(client, fake, answer, batch_document):
    fake.on("POST", "/v1/models/m/labels/best:batchPredict", answer(batch_document(), 202))
    for _ in range(2):
        client.batch_predict("m", "flowers", label="best")
    first, second = fake.requests
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    assert first.body == {
        "dataset": {"name": "flowers"},
        "output": {"format": "csv", "columns": []},
        "rows": {"start": 0},
        "on_error": "continue",
    }


def test_a_version_and_a_label_exclude_one_another(client, fake):
    with pytest.raises(InvalidArgument, match="either a version or a label"):
        client.batch_predict("m", "flowers", version=1, label="best")
    assert fake.requests == []


def test_waiting_shows_progress_until_the_end(client, fake, batch_document):
    states = [batch_document(), batch_document("running", num_done=2), batch_document("succeeded", num_done=4)]
    fake.on("GET", PATH, *states)
    seen = []
    batch = client.get_batch_prediction(BATCH_ID)
    batch.wait(on_update=lambda looked: seen.append((looked.state, looked.progress and looked.progress.num_done)))
    assert seen == [("running", 2), ("succeeded", 4)]
    assert batch.has_succeeded
    assert batch.num_refused == 1
    assert batch.progress.rows_per_second == 2.0


@pytest.mark.parametrize(
    ("changes", "message", "code"),
    [
        ({"error": {"code": "invalid_input", "detail": "Row 3.", "attempt": 1}}, "failed: Row 3.", "invalid_input"),
        ({}, "ended as failed.", ""),
    ],
)
def test_a_failure_is_raised_with_its_reason(client, fake, batch_document, changes, message, code):
    fake.on("GET", PATH, batch_document("failed", **changes))
    batch = client.get_batch_prediction(BATCH_ID)
    with pytest.raises(BatchPredictionFailed) as caught:
        batch.wait()
    assert str(caught.value) == f"Batch prediction {BATCH_ID} {message}"
    assert (caught.value.batch_id, caught.value.state, caught.value.code) == (BATCH_ID, "failed", code)
    assert batch.wait(check=False).state == "failed"


def test_waiting_has_a_limit(client, fake, batch_document):
    fake.on("GET", PATH, batch_document("running"))
    with pytest.raises(WaitTimedOut, match=f"Batch prediction {BATCH_ID} is still running"):
        client.get_batch_prediction(BATCH_ID).wait(timeout=0.01)


def test_the_result_is_written_whole(client, fake, answer, batch_document, tmp_path):
    fake.on("GET", PATH, batch_document("succeeded"))
    fake.on("GET", f"{PATH}/result", answer("row\n0\n"))
    received = []
    target = client.get_batch_prediction(BATCH_ID).download(tmp_path / "a.csv", on_progress=received.append)
    assert target.read_text() == "row\n0\n"
    assert received[-1] == 6


def test_a_result_has_the_name_that_the_service_gives(client, fake, answer, batch_document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake.on("GET", PATH, batch_document("succeeded"))
    fake.on("GET", f"{PATH}/result", answer("row\n"))
    assert client.get_batch_prediction(BATCH_ID).download().name == "m-2-flowers.csv"


def test_without_a_result_there_is_no_file(client, fake, batch_document, tmp_path):
    fake.on("GET", PATH, batch_document())
    with pytest.raises(NotFound):
        client.get_batch_prediction(BATCH_ID).download(tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_cancelling_refreshing_and_deleting(client, fake, answer, batch_document):
    fake.on("GET", PATH, batch_document("running"))
    fake.on("POST", f"{PATH}:cancel", answer(batch_document("cancelled"), 202))
    fake.on("DELETE", PATH, answer(status=204))
    batch = client.get_batch_prediction(BATCH_ID)
    assert batch.refresh().state == "running"
    assert batch.cancel().state == "cancelled"
    batch.delete()
    assert fake.count("DELETE", PATH) == 1


def test_lists_are_fetched_a_page_at_a_time(client, fake, batch_document):
    pages = [
        {"items": [batch_document(batch_id=f"b{number}")], "next_cursor": f"c{number}" if number < 2 else None}
        for number in range(3)
    ]
    fake.on("GET", "/v1/batch-predictions", *pages)
    found = client.list_batch_predictions(states=["queued"], model="m", page_size=1)
    assert [batch.id for batch in found] == ["b0", "b1", "b2"]
    assert fake.requests[1].query == [("state", "queued"), ("model", "m"), ("limit", "1"), ("cursor", "c0")]


@pytest.mark.parametrize("body", [{"id": "x"}, {"id": "x", "state": "queued", "model": "m", "model_version": "two"}])
def test_the_answer_of_another_program_is_not_taken_for_one(client, fake, body):
    fake.on("GET", PATH, body)
    with pytest.raises(UnexpectedAnswer):
        client.get_batch_prediction(BATCH_ID)
