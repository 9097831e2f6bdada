from importlib.metadata import version

from core.errors import BrokerUnavailable, DatabaseUnavailable
from db.session import Database


def submit(client):
    return client.post("/v1/runs", json={"preset": "perceptron-or"})


def test_the_process_says_that_it_answers_without_the_database(client, monkeypatch):
    monkeypatch.setattr(Database, "reading", _down)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": version("trainyard")}


def test_readiness_tells_how_work_stands(client, worker):
    for _ in range(3):
        submit(client)
    worker.claim()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["not_ready"]) == ("ready", [])
    assert body["queue"] == {"queued": 2, "running": 1, "waiting": 0}


def test_a_database_that_does_not_answer_is_named(client, monkeypatch):
    monkeypatch.setattr(Database, "reading", _down)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    body = answer.json()
    assert (body["status"], body["not_ready"], body["queue"]) == ("not ready", ["database"], None)
    assert "refused" in body["components"]["database"]["detail"]


def test_a_broker_that_takes_no_messages_is_named_but_nothing_needs_it(client, monkeypatch):
    def refuse(_):
        raise BrokerUnavailable("The message broker does not take messages (refused).")

    monkeypatch.setattr("jobs.doorbell.ring_doorbell", refuse)
    submit(client)
    for _ in range(500):
        body = client.get("/readyz").json()
        if body["not_ready"]:
            break
    assert (body["status"], body["not_ready"]) == ("ready", ["broker"])
    assert "refused" in body["components"]["broker"]["detail"]


def _down(_):
    raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")
