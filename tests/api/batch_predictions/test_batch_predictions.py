"""Batch predictions over HTTP: accepted or refused, shown, cancelled, downloaded, deleted."""

import pytest

from core.batch_predictions import BatchProgress, RefusedRow
from db import batch_predictions, idempotency, served_models
from storage.artifact_folder import ArtifactFolder

FLOWERS = (
    b"id,sepal_length,sepal_width,petal_length,petal_width,species\n"
    b"f1,0.7,0.2,0.1,9.5,setosa\nf2,0.1,0.8,0.1,9.5,versicolor\nf3,0.1,0.1,0.8,9.5,virginica\n"
)
PATH = "/v1/models/iris:batchPredict"
PROBLEM = "application/problem+json"
UNKNOWN = "01935a41-7b3e-7c52-8d10-3f9a6c2e5b74"


@pytest.fixture
def model(client, worker, iris):
    """The model `iris`, with two versions, and the dataset `flowers`; returns the runs."""
    assert client.post("/v1/datasets?name=flowers", content=FLOWERS).status_code == 201
    return [worker.register("iris", iris) for _ in range(2)]


@pytest.fixture
def submit(client, model):
    def post(path=PATH, headers=None, **body):
        answer = client.post(path, json={"dataset": "flowers"} | body, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer

    assert model
    return post


@pytest.fixture
def work(database, settings, tmp_path):
    """Claim the oldest batch prediction; end it with a result."""

    class Worker:
        def claim(self):
            with database.transaction() as session:
                return batch_predictions.claim(session, owner="host:1", lease_seconds=60)

        def report(self, claimed, num_done, rate=None):
            with database.transaction() as session:
                place = (session, claimed.id, claimed.attempt, 60)
                batch_predictions.record_progress(*place, BatchProgress(num_done, rate))

        def finish(self, claimed, content=b"row,prediction\n0,setosa\n"):
            source = tmp_path / "iris-2-flowers.csv"
            source.write_bytes(content)
            result = ArtifactFolder(settings.artifacts_dir).put(source)
            with database.transaction() as session:
                batch_predictions.finish(
                    session,
                    claimed.id,
                    claimed.attempt,
                    result=result,
                    num_rows=3,
                    num_refused=1,
                    refused_rows=[RefusedRow(2, "It has null for petal_width, not a number.")],
                )
            return result

    return Worker()


def test_a_batch_prediction_is_accepted_with_settled_versions(client, submit):
    answer = submit(output={"columns": ["id"]})
    shown = answer.json()
    assert answer.headers["location"] == shown["links"]["self"] == f"/v1/batch-predictions/{shown['id']}"
    assert (shown["state"], shown["model"], shown["model_version"]) == ("queued", "iris", 2)
    assert shown["dataset"] == {"name": "flowers", "version": 1}
    assert shown["rows"] == {"start": 0, "stop": 3}
    assert shown["output"] == {"format": "csv", "columns": ["id"], "answers": "labels"}
    assert (shown["progress"], shown["result"], shown["attempts"], shown["refused_rows"]) == (None, None, [], [])
    assert client.get(answer.headers["location"]).json() == shown


def test_versions_and_aliases_are_settled_at_once(client, submit):
    for alias, body in {"champion": {"version": 1}, "canary": {"version": 2}}.items():
        assert client.put(f"/v1/registry/models/iris/aliases/{alias}", json=body).is_success
    assert submit("/v1/models/iris/versions/1:batchPredict").json()["model_version"] == 1
    labelled = submit("/v1/models/iris/labels/champion:batchPredict").json()
    client.put("/v1/registry/models/iris/aliases/champion", json={"version": 2})
    assert client.get(labelled["links"]["self"]).json()["model_version"] == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/models/irsi:batchPredict", 404, "unknown_model"),
        ("/v1/models/iris/versions/7:batchPredict", 404, "unknown_model"),
        ("/v1/models/iris/versions/x:batchPredict", 404, "unknown_model"),
        ("/v1/models/iris/labels/nobody:batchPredict", 404, "unknown_model"),
    ],
)
@pytest.mark.usefixtures("model")
def test_models_that_are_not_there_are_problems(client, path, status, code):
    answer = client.post(path, json={"dataset": "flowers"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ({}, "/dataset", "missing"),
        ({"dataset": "flowers", "outptu": {}}, "/outptu", "unknown_field"),
        ({"dataset": "flowers", "output": {"format": "xlsx"}}, "/output/format", "enum"),
        ({"dataset": "roses"}, "/dataset", "unknown_dataset"),
        ({"dataset": {"name": "flowers", "version": 9}}, "/dataset", "unknown_dataset_version"),
        ({"dataset": {"name": "flowers", "array": "x"}}, "/dataset/array", "other_kind_of_data"),
        ({"dataset": "flowers", "rows": {"start": 3}}, "/rows/start", "unknown_rows"),
        ({"dataset": "flowers", "output": {"columns": ["ids"]}}, "/output/columns/0", "unknown_column"),
        ({"dataset": "other"}, "/dataset/columns/sepal_length", "missing_column"),
    ],
)
@pytest.mark.usefixtures("model")
def test_what_does_not_fit_is_refused_with_its_place(client, body, place, code):
    client.post("/v1/datasets?name=other", content=b"a,b\n1,2\n3,4\n")
    answer = client.post(PATH, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (place, code)
    assert client.get("/v1/batch-predictions").json()["items"] == []


def test_other_methods_of_the_verb_are_problems_too(client):
    answer = client.get(PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM)
    assert answer.headers["allow"] == "OPTIONS, POST"


def test_a_repeated_request_creates_one(client, submit):
    headers = {"Idempotency-Key": "a1"}
    first, second = submit(headers=headers), submit(headers=headers)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json() == first.json()
    client.delete("/v1/datasets/flowers")
    assert len(client.get("/v1/batch-predictions").json()["items"]) == 1
    # A key belongs to one address.
    assert submit("/v1/models/iris/versions/1:batchPredict", headers=headers).json()["id"] != first.json()["id"]
    other = client.post(PATH, json={"dataset": {"name": "flowers"}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_requests_at_once_with_one_key_create_one(client, submit, monkeypatch):
    headers = {"Idempotency-Key": "a1"}
    first = submit(headers=headers)
    # As if the first had been committed after this one looked.
    monkeypatch.setattr(idempotency, "find", lambda *_, **__: None)
    assert submit(headers=headers).json() == first.json()
    assert len(client.get("/v1/batch-predictions").json()["items"]) == 1


def test_progress_and_result_are_shown(client, submit, work):
    path = submit().headers["location"]
    claimed = work.claim()
    work.report(claimed, 1, 0.5)
    shown = client.get(path)
    assert shown.json()["progress"] == {
        "num_done": 1,
        "num_rows": 3,
        "fraction": pytest.approx(1 / 3),
        "rows_per_second": 0.5,
        "eta_seconds": 4.0,
    }
    assert client.get(path, headers={"If-None-Match": shown.headers["etag"]}).status_code == 304
    assert client.get(f"{path}/result").json()["code"] == "unknown_batch_prediction"
    result = work.finish(claimed)
    ended = client.get(path).json()
    assert (ended["state"], ended["num_refused"]) == ("succeeded", 1)
    assert ended["refused_rows"] == [{"row": 2, "detail": "It has null for petal_width, not a number."}]
    assert ended["progress"]["eta_seconds"] is None
    assert ended["result"] == {
        "name": "iris-2-flowers.csv",
        "sha256": result.sha256,
        "num_bytes": result.num_bytes,
        "media_type": "text/csv; charset=utf-8",
    }
    (attempt,) = ended["attempts"]
    assert (attempt["number"], attempt["owner"], attempt["outcome"]) == (1, "host:1", "succeeded")


def test_the_result_is_downloaded_whole_or_in_part(client, submit, work):
    path = submit().headers["location"]
    result = work.finish(work.claim())
    answer = client.get(f"{path}/result")
    assert answer.content == b"row,prediction\n0,setosa\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["etag"] == f'"{result.sha256}"'
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''iris-2-flowers.csv"
    part = client.get(f"{path}/result", headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, b"row")
    assert client.get(f"{path}/result", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_lists_are_paged_and_filtered(client, submit, work):
    ids = [submit().json()["id"] for _ in range(3)]
    work.finish(work.claim())
    first = client.get("/v1/batch-predictions", params={"limit": 2}).json()
    rest = client.get("/v1/batch-predictions", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert "attempts" not in first["items"][0]
    done = client.get("/v1/batch-predictions", params={"state": "succeeded", "model": "iris"}).json()["items"]
    assert [item["id"] for item in done] == ids[:1]
    assert client.get("/v1/batch-predictions", params={"model": "other"}).json()["items"] == []


def test_cancelling(client, submit, work):
    running, queued = submit().headers["location"], submit().headers["location"]
    work.claim()
    stopping = client.post(f"{running}:cancel")
    assert (stopping.status_code, stopping.json()["cancel_requested"]) == (202, True)
    cancelled = client.post(f"{queued}:cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")


def test_only_what_has_ended_is_deleted_and_the_result_with_it(client, submit, work, settings):
    path = submit().headers["location"]
    claimed = work.claim()
    assert client.delete(path).status_code == 409
    result = work.finish(claimed)
    stored = ArtifactFolder(settings.artifacts_dir).path(result.sha256)
    assert stored.is_file()
    assert client.delete(path).status_code == 204
    assert not stored.exists()
    assert client.get(path).status_code == 404


def test_a_result_that_another_has_is_kept(client, submit, work, settings):
    paths = [submit().headers["location"] for _ in range(2)]
    result, _ = (work.finish(work.claim()) for _ in range(2))
    client.delete(paths[0])
    assert ArtifactFolder(settings.artifacts_dir).path(result.sha256).is_file()
    assert client.get(f"{paths[1]}/result").status_code == 200


def test_what_it_uses_is_kept_until_it_has_ended(client, submit, model):
    path = submit().headers["location"]
    for used in ("/v1/datasets/flowers", "/v1/datasets/flowers/versions/1", f"/v1/runs/{model[1]}"):
        refused = client.delete(used)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert path.rpartition("/")[2] in refused.json()["detail"]
    # The other version is not used.
    assert client.delete(f"/v1/runs/{model[0]}").status_code == 204
    client.post(f"{path}:cancel")
    assert client.delete("/v1/datasets/flowers").status_code == 204
    assert client.delete(f"/v1/runs/{model[1]}").status_code == 204


@pytest.mark.parametrize("name", [UNKNOWN, "1", "x" * 200, UNKNOWN.upper() + "0"])
@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("GET", "/result"), ("POST", ":cancel"), ("DELETE", "")])
def test_unknown_ids_are_not_found(client, name, method, end):
    answer = client.request(method, f"/v1/batch-predictions/{name}{end}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_batch_prediction")


@pytest.mark.usefixtures("model")
def test_a_model_that_is_unloaded_is_not_predicted_with(client, database):
    with database.transaction() as session:
        served_models.set_unloaded(session, "iris", is_unloaded=True)
    answer = client.post(PATH, json={"dataset": "flowers"})
    assert answer.status_code == 404
    assert "is unloaded" in answer.json()["detail"]
