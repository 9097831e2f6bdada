import math
from uuid import UUID

import pytest

from api.runs.schemas import RunSummary


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


def submit(client, **more):
    answer = client.post("/v1/runs", json={"preset": "perceptron-or", **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_runs_are_found_by_a_filter(client):
    wanted = submit(client, tags={"team": "vision"}, overrides={"training": {"epochs": 7}})
    submit(client, tags={"team": "audio"}, overrides={"training": {"epochs": 7}})
    submit(client, overrides={"training": {"epochs": 3}})
    text = "tags.team = vision and spec.training.epochs > 5 and state in (queued, running)"
    answer = client.get("/v1/runs", params={"filter": text, "count": "true"})
    assert ids(answer) == [wanted["id"]]
    assert answer.json()["total"] == 1
    assert len(ids(client.get("/v1/runs", params={"filter": "not tags.team = vision"}))) == 2
    assert client.get("/v1/runs").json()["total"] is None


def test_an_item_has_the_fields_of_a_run_as_it_is_shown(client, worker):
    run_id = submit(client, tags={"a": "b"})["id"]
    worker.report(worker.claim(), step=4, num_steps=16, train__loss=[0.5, math.inf])
    shown = client.get(f"/v1/runs/{run_id}").json()
    (item,) = client.get("/v1/runs").json()["items"]
    assert item == {name: shown[name] for name in RunSummary.model_fields}
    assert list(item) == list(RunSummary.model_fields)


def test_a_failed_run_has_the_same_fields_in_a_list(client, worker):
    run_id = submit(client)["id"]
    worker.fail(worker.claim(), "training_failed", "The loss was NaN at step 3.")
    shown = client.get(f"/v1/runs/{run_id}").json()
    (item,) = client.get("/v1/runs").json()["items"]
    assert item == {name: shown[name] for name in RunSummary.model_fields}


def test_items_have_the_fields_that_were_asked_for(client, worker):
    run = submit(client, tags={"team": "vision", "x.y": "z"})
    worker.report(worker.claim(), step=4, num_steps=16, train__loss=[0.5, 0.25, math.nan])
    fields = 'id,tags."x.y",tags.none,spec.training.epochs,spec.training.none,metrics.train/loss.best,duration_seconds'
    (item,) = client.get("/v1/runs", params={"fields": fields}).json()["items"]
    assert item == {
        "id": run["id"],
        "tags": {"x.y": "z"},
        "spec": {"training": {"epochs": run["spec"]["training"]["epochs"]}},
        "metrics": {"train/loss": {"best": 0.25}},
        "duration_seconds": None,
    }
    (item,) = client.get("/v1/runs", params={"fields": "metrics,metrics.none.best"}).json()["items"]
    assert item == {"metrics": client.get(f"/v1/runs/{run['id']}").json()["metrics"]}
    assert item["metrics"]["train/loss"]["last"] == "NaN"
    (item,) = client.get("/v1/runs", params={"fields": "*,spec,spec.training,metrics.none"}).json()["items"]
    assert item["spec"] == run["spec"]
    assert set(item) == {*RunSummary.model_fields, "spec", "metrics"}
    assert item["metrics"] == {}


@pytest.mark.parametrize(
    ("parameters", "status", "code", "words"),
    [
        ({"filter": "stat = failed"}, 400, "unknown_field", "Did you mean 'state'?\n  stat = failed\n  ^"),
        ({"filter": "state = failed and"}, 400, "syntax", "Character 19 of filter: it ends too early."),
        ({"filter": "model = 5"}, 400, "wrong_type", 'Write "5"'),
        ({"filter": "("}, 400, "syntax", "ends too early"),
        ({"filter": ""}, 400, "empty", "Leave filter out"),
        ({"filter": "a" * 9000}, 422, "string_too_long", "8192"),
        ({"sort": "-notes"}, 400, "not_sortable", "too long a text"),
        ({"fields": "id,sate"}, 400, "unknown_field", "Did you mean 'state'?"),
        ({"fields": "state.x"}, 400, "unknown_field", "as a whole"),
        ({"fields": "metrics.a.bst"}, 400, "unknown_field", "Did you mean 'best'?"),
        ({"find": "..."}, 400, "no_words", "no letters"),
        ({"cursor": "made-up"}, 400, "bad_cursor", "not a cursor"),
        ({"limit": "1001"}, 422, "less_than_equal", "1000"),
        ({"limit": "0"}, 422, "greater_than_equal", "1"),
        ({"fliter": "state = failed"}, 422, "unknown_parameter", "Did you mean 'filter'?"),
        ({"count": "perhaps"}, 422, "bool_parsing", "count"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(client, parameters, status, code, words):
    answer = client.get("/v1/runs", params=parameters)
    assert answer.status_code == status, answer.text
    (problem,) = answer.json()["errors"]
    assert problem["code"] == code
    assert words in problem["detail"]


def test_a_cursor_belongs_to_its_list(client):
    made = [submit(client)["id"] for _ in range(3)]
    first = client.get("/v1/runs", params={"limit": 2, "sort": "created_at"}).json()
    assert [item["id"] for item in first["items"]] == made[:2]
    more = {"cursor": first["next_cursor"], "limit": 1000, "fields": "id"}
    assert client.get("/v1/runs", params=more | {"sort": "created_at"}).json()["items"] == [{"id": made[2]}]
    answer = client.get("/v1/runs", params=more)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "cursor_of_another_list")


def test_runs_are_sorted_by_a_metric_and_those_without_it_come_last(client, worker):
    made = []
    for loss in (0.5, 0.25, 0.75):
        made.append(submit(client)["id"])
        worker.report(worker.claim(), train__loss=[loss])
    made.append(submit(client)["id"])
    found = ids(client.get("/v1/runs", params={"sort": "metrics.train/loss.best"}))
    assert found == [made[1], made[0], made[2], made[3]]
    assert all(UUID(one).version == 7 for one in found)
