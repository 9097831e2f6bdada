import json

import pytest

from api.runs import batch

PRESET = {"preset": "perceptron-or"}
BROKEN = {"preset": "iris-keras", "overrides": {"training": {"epochs": -3}}}


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


def post(client, runs, **headers):
    return client.post("/v1/runs:batch", json={"runs": runs}, headers=headers)


def list_ids(client):
    return [item["id"] for item in client.get("/v1/runs", params={"limit": 200}).json()["items"]]


def test_all_runs_are_queued_in_the_order_of_the_request(client):
    seeds = [5, 3, 9, 1]
    answer = post(client, [{"preset": "iris-keras", "overrides": {"seed": seed}} for seed in seeds])
    assert answer.status_code == 202
    ids = answer.json()["ids"]
    assert [client.get(f"/v1/runs/{run_id}").json()["spec"]["seed"] for run_id in ids] == seeds
    # Newest first: the last of them would be started last.
    assert list_ids(client) == ids[::-1]


def test_the_address_lists_the_runs_of_one_experiment(client):
    answer = post(client, [PRESET | {"experiment": "a b"}] * 2)
    assert answer.headers["location"] == "/v1/runs?experiment=a+b"
    assert {item["id"] for item in client.get(answer.headers["location"]).json()["items"]} == set(answer.json()["ids"])
    assert post(client, [PRESET, PRESET | {"experiment": "c"}]).headers["location"] == "/v1/runs"


def test_mistakes_of_all_runs_are_found_and_none_is_queued(client):
    runs = [PRESET, BROKEN, {"preset": "perceptron-orr"}, {"spec": 5}, {"presets": "x"}, PRESET]
    answer = post(client, runs)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_spec")
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers[:3] == ["/runs/1/overrides/training/epochs", "/runs/2/preset", "/runs/3/spec"]
    assert any(pointer.startswith("/runs/4") for pointer in pointers)
    assert "None of the 6 runs is queued" in answer.json()["detail"]
    assert list_ids(client) == []


def test_the_list_of_mistakes_is_limited(client):
    answer = post(client, [BROKEN] * 300)
    assert len(answer.json()["errors"]) == batch.MAX_PROBLEMS
    assert "100 or more mistakes" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/runs"),
        ({"runs": []}, "/runs"),
        ({"runs": [PRESET] * 1001}, "/runs"),
        ({"runs": PRESET}, "/runs"),
        ({"runs": [PRESET], "experiment": "x"}, "/experiment"),
        ({"runs": [None]}, "/runs/0"),
        ({"runs": [PRESET | {"priority": 101}]}, "/runs/0/priority"),
        ({"runs": [PRESET | {"notes": "x" * 10_001}]}, "/runs/0/notes"),
        ({"runs": [PRESET | {"tags": {"a": "\x00"}}]}, "/runs/0/tags/a"),
    ],
)
def test_a_body_of_another_form_is_rejected_where_it_is_wrong(client, body, pointer):
    answer = client.post("/v1/runs:batch", json=body)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert list_ids(client) == []


def test_a_body_over_the_limit_is_rejected(make_client, make_settings):
    client = make_client(make_settings(max_batch_bytes=100))
    answer = post(client, [PRESET] * 10)
    assert answer.status_code == 413
    assert "TRAINYARD_MAX_BATCH_BYTES" in answer.json()["detail"]


def test_the_key_stands_for_the_whole_batch(client):
    first = post(client, [PRESET] * 3, **{"Idempotency-Key": "a"})
    again = post(client, [PRESET] * 3, **{"Idempotency-Key": "a"})
    assert again.text == first.text
    assert again.headers["idempotent-replayed"] == "true"
    assert len(list_ids(client)) == 3
    other = post(client, [PRESET] * 2, **{"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_a_thousand_runs_are_one_ring_for_each_trainer(client, monkeypatch):
    rung = []
    monkeypatch.setattr("api.doorbell.DoorbellRinger.ring", lambda _, *numbers: rung.append(numbers))
    answer = post(client, [PRESET] * 1000)
    assert len(json.loads(answer.text)["ids"]) == 1000
    assert [num_runs for num_runs, _ in rung] == [1000]
