"""API and worker as on two machines: they share a database and a bucket of a real S3-compatible server, no folder."""

import csv
import io
import time

import pytest

from core.settings import Settings
from db.upgrade import upgrade_database

LEASE_SECONDS = 3.0


@pytest.fixture
def machines(make_service, make_s3_server, tmp_path):
    """The API's machine, the worker's, and the server of the bucket."""
    server = make_s3_server()
    server.start()
    shared = {
        **server.credentials,
        "TRAINYARD_DATABASE_URL": f"sqlite:///{tmp_path / 'trainyard.db'}",
        "TRAINYARD_STORAGE_URL": f"s3://{server.bucket}/of-the-test",
        "TRAINYARD_STORAGE_ENDPOINT": server.url,
        "TRAINYARD_LEASE_SECONDS": str(LEASE_SECONDS),
        "TRAINYARD_RECONCILE_SECONDS": "0.5",
        # Doorbells are files, which do not reach the other machine.
        "TRAINYARD_IDLE_LOOK_SECONDS": "0.2",
    }
    upgrade_database(Settings(database_url=shared["TRAINYARD_DATABASE_URL"]).effective_database_url)
    api, worker = make_service(**shared), make_service(**shared)
    for machine in (api, worker):
        machine.data_dir.mkdir()
    api.start_api()
    worker.start_worker()
    yield api, worker, server
    server.thaw()
    api.stop()
    worker.stop()


def upload(api):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["a", "b", "sum"])
    writer.writerows([a, b, a + b] for a in range(20) for b in range(10))
    answer = api.http.post("/v1/datasets", params={"name": "sums"}, content=text.getvalue().encode())
    assert answer.status_code == 201, answer.text
    return text.getvalue().encode()


def spec(epochs):
    return {
        "name": "adder",
        "dataset": {"name": "table", "dataset": "sums", "target": "sum"},
        "model": {"kind": "mlp", "layers": [{"units": 1, "activation": "linear"}]},
        "training": {"optimizer": {"name": "adam", "learning_rate": 0.05}, "epochs": epochs, "loss": "mse"},
    }


def test_machines_that_share_no_folder_train_predict_and_survive_a_store_that_is_away(machines):
    api, worker, server = machines
    content = upload(api)
    submitted = api.submit(spec=spec(epochs=30))
    running = api.wait_for(submitted, lambda run: run["state"] != "queued")
    if running["state"] == "running":
        log = api.http.get(f"/v1/runs/{submitted['id']}/logs")
        assert "can be read here when the attempt has ended" in log.text
    run = api.wait_for_end(submitted)
    assert run["state"] == "succeeded", (run["error"], worker.log.read_text()[-5000:])
    (answer,) = api.predict("adder", instances=[{"a": 3, "b": 4}])["predictions"]
    assert answer == pytest.approx([7], abs=3)
    assert api.http.get(f"/v1/runs/{run['id']}/logs").status_code == 200
    assert api.http.get("/v1/datasets/sums/versions/1/content").content == content
    assert not (api.data_dir / "artifacts").exists()
    assert not (worker.data_dir / "artifacts").exists()
    assert list((api.data_dir / "datasets" / "uploads").iterdir()) == []

    submitted = api.submit(spec=spec(epochs=2000))
    api.wait_for(submitted, lambda run: bool(run["progress"]) and run["progress"]["step"] > 0)
    server.freeze()
    began = time.monotonic()
    # A file that is not on the API's machine yet.
    answer = api.http.get(f"/v1/runs/{run['id']}/artifacts/model.keras")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer.headers["retry-after"]
    # What is loaded answers as before.
    api.predict("adder", instances=[{"a": 3, "b": 4}])
    api.wait_for(submitted, lambda run: run["progress"]["phase"] == "export")
    while time.monotonic() < began + 3 * LEASE_SECONDS:
        time.sleep(0.1)
    assert api.get(submitted)["state"] == "running"
    server.thaw()
    ended = api.wait_for_end(submitted)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 1), worker.log.read_text()[-5000:]
    assert api.http.get(f"/v1/runs/{run['id']}/artifacts/model.keras").status_code == 200
    findings = api.command("doctor")
    assert findings.returncode == 0, findings.stdout
