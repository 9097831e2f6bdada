import pytest
from sqlalchemy import select

from db.records.runs import RunTagRecord, RunWordRecord


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def run(client):
    body = {"preset": "perceptron-or", "tags": {"team": "vision", "draft": "yes"}}
    return client.post("/v1/runs", json=body).json()


@pytest.fixture
def change(client, run):
    def send(body, **headers):
        return client.patch(f"/v1/runs/{run['id']}", json=body, headers=headers)

    return send


def found(client, **parameters):
    return len(client.get("/v1/runs", params=parameters).json()["items"])


def test_tags_are_merged(client, run, change):
    answer = change({"tags": {"draft": None, "who": "ada", "none": None}})
    assert answer.status_code == 200
    assert answer.json()["tags"] == {"team": "vision", "who": "ada"}
    assert answer.json() == client.get(f"/v1/runs/{run['id']}").json()
    assert answer.json()["updated_at"] > run["updated_at"]
    assert found(client, filter="tags.who = ada") == 1
    assert found(client, filter="tags.draft:*") == 0
    assert (found(client, find="ada"), found(client, find="draft"), found(client, find="vis")) == (1, 0, 1)
    assert change({"tags": None}).json()["tags"] == {}
    assert (found(client, filter="tags.team:*"), found(client, find="vision")) == (0, 0)


def test_notes_are_set_found_and_deleted(client, change):
    assert change({"notes": "The baseline, finally."}).json()["notes"] == "The baseline, finally."
    assert (found(client, find="final"), found(client, filter="notes contains finally")) == (1, 1)
    assert change({"notes": None}, **{"If-Match": "*"}).json()["notes"] is None
    assert found(client, find="final") == 0
    assert change({"notes": ""}).json()["notes"] is None


def test_a_run_moves_to_another_experiment(client, run, change):
    assert change({"experiment": "elsewhere"}).json()["experiment"] == "elsewhere"
    assert found(client, experiment="elsewhere") == found(client, find="elsewhere") == 1
    assert client.get("/v1/experiments/elsewhere").json()["runs_by_state"] == {"queued": 1}
    assert found(client, experiment=run["experiment"]) == 0


def test_only_a_queued_run_gets_another_priority(change, worker):
    assert change({"priority": 5}).json()["priority"] == 5
    worker.claim()
    assert change({"priority": 5}).status_code == 200
    answer = change({"priority": 6})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_the_etag_decides_whether_a_change_is_made(client, run, change):
    etag = client.get(f"/v1/runs/{run['id']}").headers["etag"]
    answer = change({"notes": "mine"}, **{"If-Match": etag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != etag
    late = change({"notes": "theirs"}, **{"If-Match": etag})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    # A proxy that compresses responses makes ETags weak.
    assert change({"notes": "second"}, **{"If-Match": f'"0", W/{answer.headers["etag"]}'}).status_code == 200


def test_notes_of_others_are_not_replaced_unread(change):
    change({"notes": "theirs"})
    answer = change({"notes": "mine"})
    assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
    assert change({"notes": "theirs", "tags": {"a": "b"}}).status_code == 200
    assert change({"notes": "mine"}, **{"If-Match": "*"}).json()["notes"] == "mine"


def test_a_change_to_what_is_already_so_is_none(run, change):
    answer = change({"tags": {"team": "vision", "none": None}, "experiment": run["experiment"]})
    assert answer.json() == run
    assert change({}).json() == run


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"tag": {}}, 422, "/tag"),
        ({"state": "failed"}, 422, "/state"),
        ({"tags": {"a": 1}}, 422, "/tags/a"),
        ({"tags": {"": "x"}}, 422, "/tags/"),
        ({"tags": {"a" * 65: "x"}}, 422, None),
        ({"tags": {"a": "x" * 257}}, 422, "/tags/a"),
        ({"tags": {str(number): "x" for number in range(49)}}, 422, "/tags"),
        ({"tags": {"a": "\x00"}}, 400, "/tags/a"),
        ({"notes": "x" * 10_001}, 422, "/notes"),
        ({"notes": "\x00"}, 400, "/notes"),
        ({"experiment": None}, 422, "/experiment"),
        ({"experiment": "a/b"}, 422, "/experiment"),
        ({"priority": 1001}, 422, "/priority"),
        ({"priority": "high"}, 422, "/priority"),
        ({"priority": "5"}, 422, "/priority"),
        ({"priority": True}, 422, "/priority"),
        ([], 422, ""),
    ],
)
def test_a_wrong_change_is_refused(client, run, change, body, status, pointer):
    answer = change(body)
    assert answer.status_code == status, answer.text
    assert pointer is None or pointer in [problem["pointer"] for problem in answer.json()["errors"]]
    assert client.get(f"/v1/runs/{run['id']}").json() == run


def test_a_run_that_is_not_there_cannot_be_changed(client):
    answer = client.patch("/v1/runs/01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62", json={"notes": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")


def test_tags_and_words_follow_every_change(client, change):
    for number in range(3):
        change({"tags": {"n": str(number)}, "notes": f"word{number}"}, **{"If-Match": "*"})
    with client.app.state.service.database.reading() as session:
        tags = session.execute(select(RunTagRecord.name, RunTagRecord.value)).all()
        assert sorted(map(tuple, tags)) == [("draft", "yes"), ("n", "2"), ("team", "vision")]
        words = set(session.scalars(select(RunWordRecord.word)))
    assert {"word2", "2", "n", "perceptron"} <= words
    assert not {"word0", "word1", "0", "1"} & words
