import pytest

from core.run_state import RunState
from db import runs

URL = "https://hooks.example.org/trainyard"


@pytest.fixture
def client(make_client, make_settings):
    return make_client(make_settings(webhook_hosts="hooks.example.org"))


def end_run(database):
    with database.transaction() as session:
        run_id = runs.create(session, experiment="trials", model_name="adder", spec={}).id
        runs.cancel(session, run_id)
    return run_id


def test_a_secret_is_shown_once(client):
    answer = client.post("/v1/webhooks", json={"url": URL})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert answer.headers["location"] == f"/v1/webhooks/{made['id']}"
    assert made["states"] == ["succeeded", "failed", "cancelled"]
    shown = client.get(answer.headers["location"])
    assert shown.json() == made
    listed = client.get("/v1/webhooks")
    assert listed.json() == {"items": [made]}
    assert secret not in shown.text + listed.text


def test_deliveries_are_listed_newest_first(client, database):
    made = client.post("/v1/webhooks", json={"url": URL, "states": ["cancelled"], "experiment": "trials"}).json()
    run_ids = [str(end_run(database)) for _ in range(2)]
    path = f"/v1/webhooks/{made['id']}/deliveries"
    items = client.get(path).json()["items"]
    assert [item["run_id"] for item in items] == run_ids[::-1]
    assert (items[0]["state"], items[0]["num_tries"], items[0]["run_state"]) == ("waiting", 0, "cancelled")
    assert len(client.get(path, params={"limit": 1}).json()["items"]) == 1
    assert client.get(path, params={"limit": 0}).status_code == 422


def test_a_deleted_webhook_is_gone(client, database):
    path = client.post("/v1/webhooks", json={"url": URL}).headers["location"]
    end_run(database)
    assert client.post(f"{path}:enable").status_code == 200
    assert client.delete(path).status_code == 204
    for answer in (client.get(path), client.delete(path), client.get(f"{path}/deliveries")):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_webhook")


@pytest.mark.parametrize("webhook_id", ["nonsense", "01935a41-77b0-7c11-8e0f-2f6a9d3b5c10", "é"])
def test_an_unknown_webhook_is_not_found(client, webhook_id):
    assert client.get(f"/v1/webhooks/{webhook_id}").status_code == 404
    assert client.post(f"/v1/webhooks/{webhook_id}:enable").status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": "https://evil.example/"}, "/url"),
        ({"url": "http://hooks.example.org/"}, "/url"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"url": URL, "states": ["running"]}, "/states"),
        ({"url": URL, "states": []}, "/states"),
        ({"url": URL, "states": ["ended"]}, "/states/0"),
        ({"url": URL, "secret": "mine"}, "/secret"),
        ({"url": URL, "experiment": "a" * 300}, "/experiment"),
        ({"url": 7}, "/url"),
    ],
)
def test_a_bad_request_is_rejected_where_it_is_wrong(client, body, pointer):
    answer = client.post("/v1/webhooks", json=body)
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert client.get("/v1/webhooks").json() == {"items": []}


def test_without_a_setting_no_host_is_allowed(make_client, make_settings):
    answer = make_client(make_settings()).post("/v1/webhooks", json={"url": URL})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "host_not_allowed")
    assert "TRAINYARD_WEBHOOK_HOSTS" in answer.text


def test_a_repeated_request_makes_no_second_webhook_and_shows_no_secret_again(client):
    first, again = (client.post("/v1/webhooks", json={"url": URL}, headers={"Idempotency-Key": "a"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["code"] == "secret_not_kept"
    assert first.json()["id"] in again.json()["detail"]
    assert first.json()["secret"] not in again.text
    assert [webhook["id"] for webhook in client.get("/v1/webhooks").json()["items"]] == [first.json()["id"]]
    other = client.post("/v1/webhooks", json={"url": f"{URL}/2"}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_repeated_states_are_kept_once(client):
    answer = client.post("/v1/webhooks", json={"url": URL, "states": ["failed", "failed"]})
    assert answer.json()["states"] == [RunState.FAILED]


def test_only_admins_may_see_or_change_webhooks(locked_client, keep_key):
    headers = {"X-API-Key": keep_key("submit", "read", "predict")}
    assert locked_client.get("/v1/webhooks", headers=headers).status_code == 403
    assert locked_client.post("/v1/webhooks", json={"url": URL}, headers=headers).status_code == 403
