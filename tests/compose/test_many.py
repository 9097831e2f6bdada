"""Several API and worker containers: nothing is lost when one, the database or the broker stops."""

import threading
import time

import pytest

from benchmarks.container_engine import EngineFailed

PRESET = "binary-adder"
NUM_EPOCHS = 60
LONG = {"training": {"epochs": NUM_EPOCHS}}


@pytest.fixture(scope="module")
def many(stack):
    """The stack with two APIs and three workers, all of them at work."""
    stack.scale(api=2, worker=3)
    deadline = time.monotonic() + 240
    while len({owner_of(stack, run_id) for run_id in train(stack, 12)}) < 3:
        assert time.monotonic() < deadline, f"Three workers should share the work.\n{stack.logs()}"
    return stack


def train(stack, number):
    run_ids = [stack.submit("iris-keras") for _ in range(number)]
    deadline = time.monotonic() + 240
    while not all(stack.show(run_id)["state"] == "succeeded" for run_id in run_ids):
        assert time.monotonic() < deadline, stack.logs()
        time.sleep(0.1)
    return run_ids


def owner_of(stack, run_id):
    """Return the container that ran the last attempt; a worker's name is its host name, the beginning of the id."""
    return stack.show(run_id)["attempts"][-1]["owner"].partition(":")[0]


def container_of(stack, run_id):
    return next(container for container in stack.containers("worker") if container.startswith(owner_of(stack, run_id)))


def start_long_run(stack, name, wait_until):
    """Submit a run that is long enough to be interrupted; return it once it trains."""
    run_id = stack.submit(PRESET, name=name, **LONG)
    wait_until(lambda: (stack.show(run_id)["progress"] or {}).get("step", 0) > 0)
    return run_id


def assert_whole(stack, run_id, num_attempts):
    """Check for one success, one model version, and a curve without gaps or duplicates."""
    run = stack.show(run_id)
    assert run["state"] == "succeeded"
    assert len(run["attempts"]) == num_attempts
    history = stack.http.get(f"/v1/runs/{run_id}/metrics/history", params={"keys": "epoch/train/loss", "mode": "raw"})
    (curve,) = history.raise_for_status().json()["series"]
    steps_per_epoch = curve["x"][0]
    assert curve["x"] == [epoch * steps_per_epoch for epoch in range(1, NUM_EPOCHS + 1)]
    versions = stack.http.get(f"/v1/registry/models/{run['model']}").raise_for_status().json()["versions"]
    assert [version["run_id"] for version in versions] == [run_id]


def count_answers(stack, api):
    """Return the number of requests for the catalogue that a container of the API has answered."""
    code = (
        "import os, urllib.request as u; "
        "r = u.Request('http://127.0.0.1:8000/metrics', headers={'X-API-Key': os.environ['TRAINYARD_METRICS_KEY']}); "
        "print(sum(float(l.split()[-1]) for l in u.urlopen(r).read().decode().splitlines() "
        "if l.startswith('trainyard_http_requests_total') and '/v1/presets' in l))"
    )
    try:
        return float(stack.engine.run("exec", api, "python", "-c", code))
    except EngineFailed:
        # It has just been started and does not listen yet.
        return 0.0


def test_both_apis_are_asked_once_the_proxy_has_found_them(many, wait_until):
    apis = many.containers("api")
    assert len(apis) == 2

    def both_answer():
        for _ in range(20):
            many.http.get("/v1/presets").raise_for_status()
        return all(count_answers(many, api) > 0 for api in apis)

    wait_until(both_answer)
    before = [count_answers(many, api) for api in apis]
    for _ in range(20):
        many.http.get("/v1/presets").raise_for_status()
    gained = [count_answers(many, api) - was for api, was in zip(apis, before, strict=True)]
    assert sum(gained) == 20
    assert min(gained) > 0


def test_a_run_whose_container_is_killed_is_finished_by_another(many, wait_until):
    run_id = start_long_run(many, "killed-container", wait_until)
    first = owner_of(many, run_id)
    # SIGKILL, and gone with its file system: as if the machine had burnt down.
    container = container_of(many, run_id)
    many.engine.run("kill", "--signal", "KILL", container)
    many.engine.run("rm", "--force", container)
    wait_until(lambda: many.show(run_id)["state"] == "succeeded")
    assert_whole(many, run_id, num_attempts=2)
    outcomes = [attempt["outcome"] for attempt in many.show(run_id)["attempts"]]
    assert outcomes == ["lease_expired", "succeeded"]
    assert owner_of(many, run_id) != first


def test_a_worker_that_is_stopped_releases_its_run_at_once(many, wait_until):
    run_id = start_long_run(many, "drained-container", wait_until)
    container = container_of(many, run_id)
    many.engine.run("stop", "--time", "60", container)
    assert many.engine.run("inspect", "--format", "{{.State.ExitCode}}", container).strip() == "0"
    # Long before the lease of a minute would have ended.
    run = many.show(run_id)
    assert run["attempts"][0]["outcome"] == "released"
    wait_until(lambda: many.show(run_id)["state"] == "succeeded")
    assert_whole(many, run_id, num_attempts=2)


def test_requests_are_answered_while_an_api_is_killed(many):
    statuses = []
    ended = threading.Event()

    def keep_asking():
        while not ended.is_set():
            statuses.append(many.http.get("/v1/presets").status_code)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    time.sleep(0.5)
    # Told to stop, it answers what it has begun; nobody sees that it went.
    many.engine.run("stop", "--time", "15", many.containers("api")[1])
    time.sleep(3)
    ended.set()
    asking.join()
    assert len(statuses) > 20
    assert set(statuses) == {200}


def test_nothing_that_was_accepted_is_lost_when_database_and_broker_restart(many, wait_until):
    running = start_long_run(many, "survivor", wait_until)
    keys = [f"restart-{number}" for number in range(20)]
    accepted: dict[str, str] = {}
    responses = []

    def submit_all():
        for key in keys:
            while key not in accepted:
                answer = many.http.post(
                    "/v1/runs", json={"preset": "iris-keras", "experiment": "restart"}, headers={"Idempotency-Key": key}
                )
                if answer.status_code == 202:
                    accepted[key] = answer.json()["id"]
                else:
                    responses.append(answer)
                    time.sleep(0.2)
            time.sleep(0.1)

    submitting = threading.Thread(target=submit_all)
    submitting.start()
    for service in ("postgres", "redis"):
        many.engine.run("restart", "--time", "10", many.containers(service)[0])
    submitting.join(240)
    assert sorted(accepted) == sorted(keys)
    assert len(set(accepted.values())) == len(keys)
    # While the database is away nothing is accepted, and whoever asks is told to come again.
    for response in responses:
        assert response.status_code == 503
    for run_id in accepted.values():
        wait_until(lambda run_id=run_id: many.show(run_id)["state"] == "succeeded")
    wait_until(lambda: many.show(running)["state"] == "succeeded")
    listed = (
        many.http.get("/v1/runs", params={"experiment": "restart", "limit": 200}).raise_for_status().json()["items"]
    )
    assert sorted(run["id"] for run in listed) == sorted(accepted.values())
    versions = [many.show(run_id)["model_version"]["version"] for run_id in accepted.values()]
    assert len(set(versions)) == len(keys)
    assert len(many.show(running)["attempts"]) in {1, 2}


def test_what_was_taken_down_by_hand_comes_up_again(many):
    many.scale(api=2, worker=2)
    many.wait_until_ready()
    train(many, 2)
