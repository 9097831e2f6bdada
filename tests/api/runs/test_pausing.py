import pytest

from core.progress import Phase
from db import claims
from db.records.jobs import AttemptOutcome

UNKNOWN = "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62"


@pytest.fixture
def path(client):
    """Path of a queued run."""
    return f"/v1/runs/{client.post('/v1/runs', json={'preset': 'iris-keras'}).json()['id']}"


@pytest.fixture
def rest(database):
    """End an attempt as a worker does once it was asked to pause."""

    def release(claimed):
        with database.transaction() as session:
            outcome = AttemptOutcome.PAUSED
            claims.release_run(session, claimed.run_id, claimed.attempt, reason="the run was paused", outcome=outcome)

    return release


def test_a_queued_run_is_paused_at_once_and_resumed(client, path):
    for _ in range(2):
        paused = client.post(f"{path}:pause")
        assert (paused.status_code, paused.json()["state"]) == (200, "paused")
        assert "location" not in paused.headers
    assert client.get("/v1/runs?state=paused").json()["items"][0]["state"] == "paused"
    assert client.get("/v1/runs?filter=state = paused&count=true").json()["total"] == 1
    for _ in range(2):
        resumed = client.post(f"{path}:resume")
        assert (resumed.status_code, resumed.json()["state"]) == (200, "queued")


def test_a_running_run_is_asked_to_pause(client, path, worker, rest):
    claimed = worker.claim()
    worker.report(claimed, step=5, phase=Phase.TRAIN)
    for _ in range(2):
        asked = client.post(f"{path}:pause")
        assert (asked.status_code, asked.headers["location"]) == (202, path)
        assert (asked.json()["state"], asked.json()["interruption"]) == ("running", "pause")
    rest(claimed)
    run = client.get(path).json()
    assert (run["state"], run["interruption"], run["attempts"][0]["outcome"]) == ("paused", None, "paused")
    # It shows how far it is, without a time that would be left.
    assert (run["progress"]["step"], run["progress"]["eta_seconds"]) == (5, None)
    assert client.post(f"{path}:pause").status_code == 200


def test_a_pause_that_is_taken_back_leaves_the_run_as_it_was(client, path, worker, rest):
    claimed = worker.claim()
    client.post(f"{path}:pause")
    resumed = client.post(f"{path}:resume")
    assert resumed.status_code == 200
    assert (resumed.json()["state"], resumed.json()["interruption"]) == ("running", None)
    rest(claimed)
    assert client.get(path).json()["state"] == "queued"


def test_a_paused_run_has_not_ended(client, path):
    client.post(f"{path}:pause")
    answer = client.request("DELETE", path)
    assert (answer.status_code, "paused" in answer.json()["detail"]) == (409, True)
    assert client.post(f"{path}:retry").status_code == 409
    assert client.post(f"{path}:clone", json={}).status_code == 202
    assert client.post(f"{path}:cancel").json()["state"] == "cancelled"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_run_that_has_ended_is_neither_paused_nor_resumed(client, path, worker, verb):
    worker.fail(worker.claim())
    answer = client.post(f"{path}:{verb}")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")
    assert "has ended (failed)" in answer.json()["detail"]


def test_a_run_that_is_being_cancelled_is_not_paused(client, path, worker):
    worker.claim()
    client.post(f"{path}:cancel")
    answer = client.post(f"{path}:pause")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")
    assert "is being cancelled" in answer.json()["detail"]


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_run_that_does_not_exist_is_not_found(client, verb):
    answer = client.post(f"/v1/runs/{UNKNOWN}:{verb}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")


def test_paused_runs_are_counted(client, path, scrape):
    client.post(f"{path}:pause")
    assert scrape(client)['trainyard_runs{state="paused"}'] == 1
