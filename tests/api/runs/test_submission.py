from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.errors import BrokerUnavailable

BODY = b'{"preset": "perceptron-or"}'


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


def post(client, key, body=BODY):
    return client.post("/v1/runs", content=body, headers={"Idempotency-Key": key})


def test_the_same_post_again_is_answered_as_the_first_time_and_makes_no_second_run(client, worker):
    first = post(client, "a")
    worker.claim()
    again = post(client, "a")
    assert again.status_code == 202
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(client.get("/v1/runs").json()["items"]) == 1


def test_another_body_under_the_same_key_is_rejected(client):
    post(client, "a")
    answer = post(client, "a", b'{"preset":  "perceptron-or"}')
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_mismatch"
    assert len(client.get("/v1/runs").json()["items"]) == 1


def test_other_keys_and_no_key_make_other_runs(client):
    ids = {post(client, key).json()["id"] for key in ("a", "b")}
    ids |= {client.post("/v1/runs", content=BODY).json()["id"] for _ in range(2)}
    assert len(ids) == 4


def test_a_rejected_request_does_not_use_up_its_key(client):
    assert post(client, "a", b'{"preset": "perceptron-orr"}').status_code == 404
    assert post(client, "a").status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_invalid_key_is_rejected(client, key):
    answer = post(client, key)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


def test_twenty_equal_posts_at_once_make_one_run(server):
    def send(_):
        return httpx.post(
            f"{server.base_url}/v1/runs",
            content=BODY,
            headers={"Idempotency-Key": "storm"},
            trust_env=False,
            timeout=60,
        )

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


def test_the_doorbell_rings_once_the_run_is_there(client, monkeypatch, database):
    seen = []

    def ring(_ringer, _num_runs, _num_trainers):
        with database.reading() as session:
            seen.append(session.connection().exec_driver_sql("SELECT count(*) FROM runs").scalar())

    monkeypatch.setattr("api.doorbell.DoorbellRinger.ring", ring)
    post(client, "a")
    assert seen == [1]
    post(client, "a")
    assert seen == [1, 1]


def test_a_broker_that_is_down_does_not_matter(client, monkeypatch):
    def fail(_):
        raise BrokerUnavailable("The message broker does not take messages.")

    monkeypatch.setattr("jobs.doorbell.ring_doorbell", fail)
    assert [client.post("/v1/runs", content=BODY).status_code for _ in range(3)] == [202, 202, 202]


def test_keys_of_different_callers_are_independent(locked_client, keep_key):
    answers = {}
    for name in ("ada", "bob"):
        headers = {"Authorization": f"Bearer {keep_key('submit', name=name)}", "Idempotency-Key": "a"}
        answers[name] = locked_client.post("/v1/runs", content=BODY, headers=headers)
    assert {answer.status_code for answer in answers.values()} == {202}
    assert "idempotent-replayed" not in answers["bob"].headers
    assert answers["ada"].json()["id"] != answers["bob"].json()["id"]


def test_a_rotated_key_of_the_same_caller_gets_the_answer_again(locked_client, keep_key):
    first, again = (
        locked_client.post(
            "/v1/runs",
            content=BODY,
            headers={"Authorization": f"Bearer {keep_key('submit', name='ci')}", "Idempotency-Key": "a"},
        )
        for _ in range(2)
    )
    assert again.text == first.text


def test_notes_and_priority_are_kept(client):
    body = {"preset": "perceptron-or", "notes": "Ünïcode 🚂", "priority": -100}
    run = client.post("/v1/runs", json=body).json()
    assert (run["notes"], run["priority"]) == ("Ünïcode 🚂", -100)
    assert client.get(f"/v1/runs/{run['id']}").json()["notes"] == run["notes"]


@pytest.mark.parametrize(
    ("field", "value"), [("priority", 101), ("priority", 0.5), ("priority", "high"), ("notes", "x" * 10_001)]
)
def test_notes_and_priority_have_limits(client, field, value):
    answer = client.post("/v1/runs", json={"preset": "perceptron-or", field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


def test_many_clients_at_once_are_all_answered(server):
    def send(number):
        body = {"preset": "perceptron-or", "overrides": {"seed": number}}
        return httpx.post(f"{server.base_url}/v1/runs", json=body, trust_env=False, timeout=60)

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(send, range(128)))
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["spec"]["seed"] for answer in answers} == set(range(128))
