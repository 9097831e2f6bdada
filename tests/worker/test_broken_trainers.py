"""A worker whose trainers die in their warm-up, as clients of the API see it: stand-in trainers, real databases."""

import warnings

import pytest

from api.app import create_app
from core.run_state import RunState
from core.workers import WorkerHealth, WorkerState
from db import workers
from worker.presence import Presence
from worker.reconciler import Reconciler
from worker.supervisor import Supervisor
from worker.trainer_pool import TrainerPool

with warnings.catch_warnings():
    # Starlette would rather have a client that is not among this project's dependencies.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

REASON = "AttributeError: 'TypeAliasType' object has no attribute 'tolist'"
FAULT = f"no trainer can start: The trainer ended in its warm-up ({REASON})."


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """File whose existence makes trainers die in their warm-up."""
    monkeypatch.setattr("worker.restarts.FIRST_RESTART_DELAY_SECONDS", 0.01)
    path = tmp_path / "fault"
    path.write_text(REASON)
    return path


@pytest.fixture
def pool(settings, fault, start_trainer):
    pool = TrainerPool(settings, [{"STAND_IN_FAULT": str(fault)}], start_trainer)
    yield pool
    pool.close()


@pytest.fixture
def presence(database, pool):
    presence = Presence(database, lambda: pool.health, name="host:1")
    pool.open(on_change=presence.report_soon)
    presence.start()
    yield presence
    presence.stop()


@pytest.fixture
def client(settings, database_url):
    app = create_app(settings.model_copy(update={"database_url": database_url}))
    with TestClient(app, base_url=settings.default_base_url) as client:
        yield client


@pytest.mark.usefixtures("presence")
def test_a_service_whose_trainers_die_says_so_and_trains_once_the_cause_is_repaired(
    settings, database, client, pool, fault, queue, wait_until, in_background
):
    wait_until(lambda: client.get("/readyz").json()["components"]["training"] == {"ok": False, "detail": FAULT})
    readiness = client.get("/readyz")
    assert (readiness.status_code, readiness.json()["status"]) == (200, "cannot train")
    run = queue.submit("succeeds")
    answer = client.get(f"/v1/runs/{run.id}")
    assert answer.json()["waiting_for"] == {"kind": "repair", "detail": FAULT}
    assert client.get("/v1/runs").json()["items"][0]["waiting_for"]["kind"] == "repair"
    wait_until(lambda: pool.health.num_failed_starts >= 3)

    fault.unlink()

    wait_until(lambda: client.get("/readyz").json()["status"] == "ready")
    unlike = client.get(f"/v1/runs/{run.id}", headers={"If-None-Match": answer.headers["ETag"]})
    assert unlike.status_code == 200
    assert unlike.json()["waiting_for"]["kind"] == "trainer"
    in_background(Supervisor(settings, database, pool).answer_doorbell)
    queue.wait_for(run, RunState.SUCCEEDED)
    assert client.get(f"/v1/runs/{run.id}").json()["waiting_for"] is None


@pytest.mark.usefixtures("presence")
def test_runs_fail_after_the_time_that_is_set_with_the_reason(settings, database, client, pool, queue, wait_until):
    run = queue.submit("succeeds")
    wait_until(lambda: FAULT in client.get("/readyz").text)
    patient = Reconciler(settings, database, lambda: None, lambda: False)
    patient.reconcile()
    assert queue.get(run).state == RunState.QUEUED
    wait_until(lambda: pool.health.num_failed_starts >= 3)

    impatient = settings.model_copy(update={"repair_timeout_seconds": 0.01})
    wait_until(lambda: _looks(impatient, database) or queue.get(run).state == RunState.FAILED)

    error = client.get(f"/v1/runs/{run.id}").json()["error"]
    assert error["code"] == "no_trainer"
    assert REASON in error["detail"]


@pytest.mark.usefixtures("presence")
def test_a_healthy_worker_beside_the_broken_one_keeps_runs_and_service_alive(
    settings, database, client, pool, queue, wait_until
):
    run = queue.submit("succeeds")
    wait_until(lambda: pool.health.num_failed_starts >= 3)
    with database.transaction() as session:
        workers.report(session, "other:1", "other", WorkerHealth(WorkerState.READY, 1, 1))

    _looks(settings.model_copy(update={"repair_timeout_seconds": 0.01}), database)

    assert queue.get(run).state == RunState.QUEUED
    body = client.get("/readyz").json()
    assert body["status"] == "ready"
    assert body["components"]["training"]["detail"] == f"worker host:1: {FAULT}"


def test_a_worker_that_drains_is_no_longer_counted_on(presence, client, wait_until):
    wait_until(lambda: "no trainer can start" in str(client.get("/readyz").json()))

    presence.leave()

    wait_until(lambda: "no worker is running" in str(client.get("/readyz").json()))


def test_a_worker_reports_again_after_the_database_was_away(database, wait_until, monkeypatch):
    monkeypatch.setattr("worker.presence.RETRY_SECONDS", 0.01)
    health = WorkerHealth(WorkerState.READY, 1, 1)
    measured = []

    def measure():
        measured.append(health)
        if len(measured) == 1:
            raise RuntimeError("not now")
        return health

    presence = Presence(database, measure, name="host:2")
    presence.start()
    try:
        wait_until(lambda: _names(database) == ["host:2"])
    finally:
        presence.stop()
    assert _names(database) == []


def _names(database):
    with database.reading() as session:
        return [worker.name for worker in workers.look(session).workers]


def _looks(settings, database):
    Reconciler(settings, database, lambda: None, lambda: False).reconcile()
