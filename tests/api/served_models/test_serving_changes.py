"""Changes of the registry take effect within a second, and no request fails meanwhile."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import DatabaseUnavailable
from db import aliases, served_models
from db.session import Database

ROWS = {"instances": [[1.0]]}


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


def ask(client, path="", **headers):
    """The version that answered and its answer."""
    answer = client.post(f"/v1/models/line{path}:predict", json=ROWS, headers=headers)
    assert answer.status_code == 200, answer.text
    return int(answer.headers["x-model-version"]), answer.json()["predictions"][0][0]


def wait_until(is_so, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "nothing changed"
        time.sleep(0.01)


def test_a_new_version_a_moved_alias_and_a_deletion_by_another_process_take_effect(client, worker, make_line):
    run_1 = worker.register("line", make_line(2.0))
    assert ask(client) == (1, 2.0)
    run_2 = worker.register("line", make_line(5.0))
    wait_until(lambda: ask(client) == (2, 5.0))
    other = client.app.state.service.database
    elsewhere = Database(other.url.render_as_string(hide_password=False))
    try:
        with elsewhere.transaction() as session:
            aliases.set_alias(session, "line", "champion", 1)
        assert ask(client, "/labels/champion") == (1, 2.0)
        with elsewhere.transaction() as session:
            aliases.set_alias(session, "line", "champion", 2)
        wait_until(lambda: ask(client, "/labels/champion") == (2, 5.0))
        with elsewhere.transaction() as session:
            served_models.set_unloaded(session, "line", is_unloaded=True)
        wait_until(lambda: client.post("/v1/models/line:predict", json=ROWS).status_code == 404)
        assert "unloaded" in client.post("/v1/models/line:predict", json=ROWS).json()["error"]
        with elsewhere.transaction() as session:
            served_models.set_unloaded(session, "line", is_unloaded=False)
        wait_until(lambda: client.post("/v1/models/line:predict", json=ROWS).status_code == 200)
    finally:
        elsewhere.dispose()
    assert client.delete(f"/v1/runs/{run_2}", params={"force": True}).status_code == 200
    assert ask(client) == (1, 2.0)
    assert client.post("/v1/models/line/versions/2:predict", json=ROWS).status_code == 404
    assert client.delete(f"/v1/runs/{run_1}").status_code == 204
    assert client.post("/v1/models/line:predict", json=ROWS).status_code == 404


def test_while_versions_change_every_answer_is_that_of_the_version_it_names(client, worker, make_line):
    slopes = {1: 2.0, 2: 3.0, 3: 4.0, 4: 5.0}
    worker.register("line", make_line(slopes[1]))
    seen = Counter()
    wrong = []
    stop = threading.Event()

    def keep_asking():
        while not stop.is_set():
            version, value = ask(client)
            seen[version] += 1
            if value != slopes[version]:
                wrong.append((version, value))

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for version in (2, 3, 4):
            worker.register("line", make_line(slopes[version]))
            wait_until(lambda expected=version: seen[expected] > 0)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert set(seen) == {1, 2, 3, 4}


def test_a_version_that_cannot_be_loaded_does_not_take_over(client, worker, make_line):
    worker.register("line", make_line(2.0))
    assert ask(client) == (1, 2.0)
    client.put("/v1/registry/models/line/aliases/champion", json={"version": 1})
    assert ask(client, "/labels/champion") == (1, 2.0)
    broken = make_line(5.0)
    (broken / "model.onnx").write_bytes(b"not a network")
    worker.register("line", broken)
    status = "/v1/models/line"
    wait_until(lambda: client.get(status).json()["model_version_status"][0]["version"] == "2")
    states = client.get(status).json()
    assert [(entry["version"], entry["state"]) for entry in states["model_version_status"]] == [
        ("2", "END"),
        ("1", "AVAILABLE"),
    ]
    assert "cannot be loaded" in states["model_version_status"][0]["status"]["error_message"]
    assert states["ready"] is True
    assert ask(client) == (1, 2.0)
    assert client.post("/v1/models/line/versions/2:predict", json=ROWS).status_code == 500
    client.put("/v1/registry/models/line/aliases/champion", json={"version": 2})
    assert ask(client, "/labels/champion") == (1, 2.0)
    worker.register("line", make_line(7.0))
    wait_until(lambda: ask(client) == (3, 7.0))


def test_without_anything_in_memory_the_newest_version_that_can_be_loaded_answers(client, worker, make_line):
    worker.register("line", make_line(2.0))
    broken = make_line(5.0)
    (broken / "model.onnx").write_bytes(b"not a network")
    worker.register("line", broken)
    assert ask(client) == (1, 2.0)
    assert [entry["state"] for entry in client.get("/v1/models/line").json()["model_version_status"]] == [
        "END",
        "AVAILABLE",
    ]


def test_models_in_memory_answer_while_the_database_is_down(client, worker, make_line, monkeypatch):
    worker.register("line", make_line(2.0))
    assert ask(client) == (1, 2.0)

    def fail(_):
        raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")

    monkeypatch.setattr(Database, "reading", fail)
    client.app.state.service.models.forget_soon(None)
    time.sleep(0.1)
    assert ask(client) == (1, 2.0)
    assert client.post("/v1/models/other:predict", json=ROWS).status_code == 503


def test_a_split_alias_chooses_by_the_id_of_the_request(client, worker, make_line):
    for slope in (2.0, 5.0):
        worker.register("line", make_line(slope))
    answer = client.put("/v1/registry/models/line/aliases/canary", json={"versions": {"1": 75, "2": 25}})
    assert answer.status_code == 200, answer.text
    answers = {name: ask(client, "/labels/canary", **{"X-Request-Id": name}) for name in map(str, range(200))}
    assert set(answers.values()) == {(1, 2.0), (2, 5.0)}
    share = sum(version == 2 for version, _ in answers.values()) / len(answers)
    assert 0.15 < share < 0.35
    assert all(ask(client, "/labels/canary", **{"X-Request-Id": name}) == was for name, was in answers.items())
    without = Counter(ask(client, "/labels/canary")[0] for _ in range(100))
    assert set(without) == {1, 2}


def test_a_shadow_receives_the_requests_and_its_answers_are_compared_and_not_returned(client, worker, make_line):
    for slope in (2.0, 5.0, 2.0001):
        worker.register("line", make_line(slope))

    def count(shadow):
        lines = client.get("/metrics").text.splitlines()
        found = {}
        for line in lines:
            if line.startswith("trainyard_shadow_rows_total") and f'shadow="{shadow}"' in line:
                found[line.partition('result="')[2].partition('"')[0]] = float(line.rpartition(" ")[2])
        return found

    path = "/v1/registry/models/line/aliases/champion"
    client.put(path, json={"version": 1, "shadow": 2})
    assert ask(client, "/labels/champion") == (1, 2.0)
    wait_until(lambda: count(2) == {"different": 1.0})
    client.put(path, json={"version": 1, "shadow": 3})
    assert ask(client, "/labels/champion") == (1, 2.0)
    wait_until(lambda: count(3) == {"same": 1.0})


def test_models_of_the_settings_are_loaded_at_start_and_stay(make_client, make_settings, worker, make_line):
    for slope in (2.0, 5.0):
        worker.register("line", make_line(slope))
    for number in range(3):
        worker.register(f"other-{number}", make_line(10.0 + number))
    client = make_client(make_settings(preloaded_models="line, line@1, nothing", max_loaded_models=1))
    pool = client.app.state.service.model_pool
    assert len(pool) == 2
    for number in range(3):
        assert client.post(f"/v1/models/other-{number}:predict", json=ROWS).status_code == 200
    loader = client.app.state.service.loader
    entry = client.app.state.service.models.find("line")
    assert all(loader.find(entry.model.versions[version]) is not None for version in (1, 2))
    worker.register("line", make_line(7.0))
    wait_until(lambda: ask(client) == (3, 7.0))
    entry = client.app.state.service.models.find("line")
    assert loader.find(entry.model.versions[1]) is not None
    assert loader.find(entry.model.versions[3]) is not None


def test_models_that_nobody_asks_for_are_read_again_only_when_somebody_does(client, worker, make_line):
    for name in ("line", "other"):
        worker.register(name, make_line(2.0 if name == "line" else 3.0))
        assert client.post(f"/v1/models/{name}:predict", json=ROWS).status_code == 200
    models = client.app.state.service.models
    # Its report of the new versions could come in between.
    client.app.state.service.watch.stop()
    client.portal.call(models.forget, None)
    wait_until(lambda: not models._due and models._reader is None)
    assert ask(client) == (1, 2.0)
    client.portal.call(models.forget, None)
    wait_until(lambda: models._reader is None)
    assert models.find("line") is not None
    assert models.find("other") is None
    assert client.post("/v1/models/other:predict", json=ROWS).json() == {"predictions": [[3.0]]}
    assert models.find("other") is not None


@pytest.mark.parametrize("limit", ["0", "-1", "soon", "1.5", "9999999999999"])
def test_a_time_limit_that_is_none_is_reported(client, worker, make_line, limit):
    worker.register("line", make_line(2.0))
    answer = client.post("/v1/models/line:predict", json=ROWS, headers={"X-Request-Timeout-Ms": limit})
    assert answer.status_code == 400
    assert "positive whole number of milliseconds" in answer.json()["error"]
    assert ask(client, **{"X-Request-Timeout-Ms": "500"}) == (1, 2.0)


def test_more_changes_at_once_than_there_are_threads_are_all_made(client, worker, make_line):
    worker.register("line", make_line(2.0))
    with ThreadPoolExecutor(60) as threads:
        paths = [f"/v1/registry/models/line/aliases/alias-{number}" for number in range(60)]
        answers = list(threads.map(lambda path: client.put(path, json={"version": 1}).status_code, paths))
    assert answers == [200] * 60
    assert ask(client, "/labels/alias-59") == (1, 2.0)


def test_a_change_during_the_first_read_is_not_missed(client, worker, make_line, monkeypatch):
    worker.register("line", make_line(2.0))
    models = client.app.state.service.models
    read = models._read
    is_reading, may_end = threading.Event(), threading.Event()

    def read_slowly(name):
        found = read(name)
        is_reading.set()
        may_end.wait(10)
        return found

    monkeypatch.setattr(models, "_read", read_slowly)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, client)
        assert is_reading.wait(10)
        worker.register("line", make_line(5.0))
        client.portal.call(models.forget, ["line"])
        may_end.set()
        assert first.result() == (1, 2.0)
    wait_until(lambda: ask(client) == (2, 5.0))
