from importlib.metadata import version

from core.errors import BrokerUnavailable, DatabaseUnavailable
from core.workers import WorkerState
from db.session import Database


def submit(client):
    return client.post("/v1/runs", json={"preset": "perceptron-or"})


def test_the_process_says_that_it_answers_without_the_database(client, monkeypatch):
    monkeypatch.setattr(Database, "reading", _down)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": version("trainyard")}


def test_readiness_contains_the_state_of_the_queue(client, worker):
    worker.tell_health()
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


def test_a_broker_that_accepts_no_messages_is_named_but_not_required(client, worker, monkeypatch):
    worker.tell_health()

    def fail(_):
        raise BrokerUnavailable("The message broker does not take messages (refused).")

    monkeypatch.setattr("jobs.doorbell.ring_doorbell", fail)
    submit(client)
    for _ in range(500):
        body = client.get("/readyz").json()
        if body["not_ready"]:
            break
    assert (body["status"], body["not_ready"]) == ("ready", ["broker"])
    assert "refused" in body["components"]["broker"]["detail"]


def test_a_service_without_a_worker_cannot_train_and_says_how_to_start_one(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["not_ready"]) == ("cannot train", ["training"])
    assert body["components"]["training"] == {
        "ok": False,
        "detail": "no worker is running. Start one with: python -m launch worker",
    }


def test_a_worker_that_cannot_start_a_trainer_is_named_with_the_reason(client, worker):
    worker.tell_health(WorkerState.BROKEN, num_failed_starts=1, error="The trainer ended in its warm-up (No module).")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["not_ready"]) == ("cannot train", ["training"])
    detail = body["components"]["training"]["detail"]
    assert detail == "no trainer can start: The trainer ended in its warm-up (No module)."


def test_one_broken_worker_among_healthy_ones_is_visible_and_the_service_stays_ready(client, worker):
    worker.tell_health(name="good:1")
    worker.tell_health(WorkerState.BROKEN, name="bad:1", num_failed_starts=5, error="No GPU.")
    body = client.get("/readyz").json()
    assert (body["status"], body["not_ready"]) == ("ready", [])
    assert body["components"]["training"] == {"ok": True, "detail": "worker bad:1: no trainer can start: No GPU."}


def test_a_worker_that_no_longer_reports_does_not_count(client, worker, monkeypatch):
    worker.tell_health()
    monkeypatch.setattr("db.workers.SILENT_SECONDS", 0.0)
    body = client.get("/readyz").json()
    assert body["status"] == "cannot train"
    assert "worker host:1 no longer reports" in body["components"]["training"]["detail"]


def test_a_repaired_worker_makes_the_service_ready_again(client, worker):
    worker.tell_health(WorkerState.BROKEN, num_failed_starts=4, error="No module.")
    assert client.get("/readyz").json()["status"] == "cannot train"
    worker.tell_health()
    body = client.get("/readyz").json()
    assert (body["status"], body["components"]["training"]) == ("ready", {"ok": True, "detail": None})


def _down(_):
    raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")
