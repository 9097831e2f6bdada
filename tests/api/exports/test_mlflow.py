"""Runs exported to a real MLflow server, and what its API then says of them."""

import json
import math
import os
from pathlib import Path

import httpx
import pytest

from core.errors import Problem
from db import runs
from db.claims import claim_run, release_run
from trainyard import Client
from trainyard.exports.mlflow import MlflowExport
from trainyard.exports.mlflow_server import MlflowError, MlflowServer

API = "/api/2.0/mlflow"
LOSSES = [1.0, 0.1, math.nan, math.inf, -math.inf, 1e300, 1 / 3]
# MLflow's database has no infinities, and keeps the largest numbers instead.
LARGEST = 1.7976931348623157e308


@pytest.fixture(scope="module")
def mlflow_uri(tools_python, start_program, free_port, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow")
    address = f"http://127.0.0.1:{free_port}"
    options = {
        "--port": str(free_port),
        "--workers": "1",
        "--backend-store-uri": f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination": str(folder / "artifacts"),
    }
    arguments = [word for option in options.items() for word in option]
    start_program(
        [tools_python, "-m", "mlflow", "server", *arguments],
        f"{address}/health",
        cwd=folder,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "true"},
    )
    return address


@pytest.fixture(scope="module")
def mlflow(mlflow_uri):
    """The server, asked without a client of this project."""
    with httpx.Client(base_url=mlflow_uri, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def client(server):
    with Client(server.base_url) as client:
        yield client


@pytest.fixture
def to_mlflow(mlflow_uri):
    with MlflowServer(mlflow_uri) as connected:
        yield connected


def submit(client, experiment, **options):
    return client.submit("perceptron-or", experiment=experiment, **options)


def find_runs(mlflow, experiment):
    """Every run of an experiment that MLflow shows."""
    answer = mlflow.get(f"{API}/experiments/get-by-name", params={"experiment_name": experiment})
    body = {"experiment_ids": [answer.json()["experiment"]["experiment_id"]]}
    return mlflow.post(f"{API}/runs/search", json=body).json().get("runs", [])


def read_curve(mlflow, run, key):
    query = {"run_id": run["info"]["run_id"], "metric_key": key}
    points = mlflow.get(f"{API}/metrics/get-history", params=query).json().get("metrics", [])
    return [(point["step"], point["value"], point["timestamp"]) for point in points]


def pairs(entries):
    return {entry["key"]: entry["value"] for entry in entries}


def test_a_run_arrives_whole_and_a_second_export_adds_nothing(
    client, server_worker, mlflow, to_mlflow, iris, mlflow_uri
):
    run = submit(client, "whole", tags={"owner": "Ada", "mlflow.user": "nobody"})
    claimed = server_worker.claim()
    server_worker.report(claimed, train__loss=LOSSES, epoch__train__loss=[float(n) for n in range(2500)])
    server_worker.finish(claimed, iris, {"test/accuracy": 0.75})

    exported = MlflowExport(to_mlflow, client.base_url).export_run(run)

    assert (exported.num_points, exported.num_files, exported.warning) == (2507, 3, None)
    (found,) = find_runs(mlflow, "whole")
    assert exported.url.startswith(mlflow_uri)
    assert exported.url.endswith(found["info"]["run_id"])
    info, data = found["info"], found["data"]
    assert (info["status"], info["run_name"]) == ("FINISHED", f"perceptron-or-{run.id}")
    assert info["start_time"] == round(run.snapshot.started_at.timestamp() * 1000)
    assert info["end_time"] == round(run.snapshot.ended_at.timestamp() * 1000)
    points = read_curve(mlflow, found, "train/loss")
    assert [step for step, _, _ in points] == [1, 2, 3, 4, 5, 6, 7]
    assert [moment for _, _, moment in points] == [0, 1000, 2000, 3000, 4000, 5000, 6000]
    assert [value for _, value, _ in points] == [1.0, 0.1, "NaN", LARGEST, -LARGEST, 1e300, 1 / 3]
    assert [value for _, value, _ in read_curve(mlflow, found, "epoch/train/loss")] == [float(n) for n in range(2500)]
    params, tags = pairs(data["params"]), pairs(data["tags"])
    spec = run.snapshot.document["spec"]
    assert params["training.epochs"] == str(spec["training"]["epochs"])
    assert params["training.optimizer.learning_rate"] == str(spec["training"]["optimizer"]["learning_rate"])
    assert params["dataset.name"] == spec["dataset"]["name"]
    assert (tags["owner"], tags["trainyard.tag.mlflow.user"]) == ("Ada", "nobody")
    assert (tags["trainyard.run_id"], tags["trainyard.model_version"]) == (run.id, "1")
    artifact = "/api/2.0/mlflow-artifacts/artifacts" + info["artifact_uri"].removeprefix("mlflow-artifacts:")
    assert mlflow.get(f"{artifact}/model.onnx").content == (iris / "model.onnx").read_bytes()
    assert json.loads(mlflow.get(f"{artifact}/run.json").content)["id"] == run.id

    again = MlflowExport(to_mlflow, client.base_url).export_run(run)

    assert (again.mlflow_run_id, again.num_points, again.num_files) == (exported.mlflow_run_id, 0, 0)
    (unchanged,) = find_runs(mlflow, "whole")
    assert len(read_curve(mlflow, unchanged, "epoch/train/loss")) == 2500


def test_a_running_run_is_brought_up_to_date(client, server_worker, mlflow, to_mlflow):
    run = submit(client, "growing")
    export = MlflowExport(to_mlflow, client.base_url)
    assert export.export_run(run).num_points == 0
    (found,) = find_runs(mlflow, "growing")
    assert found["info"]["status"] == "SCHEDULED"
    claimed = server_worker.claim()
    server_worker.report(claimed, train__loss=[3.0, 2.0])
    assert export.export_run(run).num_points == 2
    server_worker.report(claimed, train__loss=[3.0, 2.0, 1.0])
    server_worker.fail(claimed, detail="The loss was NaN at step 3.", problems=(Problem("", "x", "y"),))
    assert export.export_run(run).num_points == 1
    (found,) = find_runs(mlflow, "growing")
    assert found["info"]["status"] == "FAILED"
    assert pairs(found["data"]["tags"])["trainyard.error"] == "The loss was NaN at step 3."
    assert [value for _, value, _ in read_curve(mlflow, found, "train/loss")] == [3.0, 2.0, 1.0]


def test_points_of_a_lost_attempt_are_replaced(client, server_worker, mlflow, to_mlflow):
    run = submit(client, "again")
    export = MlflowExport(to_mlflow, client.base_url)
    lost = server_worker.claim()
    server_worker.report(lost, train__loss=[9.0, 9.0, 9.0])
    export.export_run(run)
    with server_worker.database.transaction() as session:
        release_run(session, lost.run_id, lost.attempt, reason="its worker was shut down.")
        claimed = claim_run(session, owner="test", lease_seconds=60)
    server_worker.report(claimed, train__loss=[1.0])
    export.export_run(run)
    (found,) = find_runs(mlflow, "again")
    assert [value for _, value, _ in read_curve(mlflow, found, "train/loss")] == [1.0]
    server_worker.fail(claimed)


def test_curves_are_thinned_on_request_and_exported_in_full_later(client, server_worker, mlflow, to_mlflow):
    run = submit(client, "thinned")
    claimed = server_worker.claim()
    server_worker.report(claimed, train__loss=[float(n) for n in range(100)])
    server_worker.fail(claimed)
    assert MlflowExport(to_mlflow, client.base_url, max_points=4).export_run(run).num_points == 5
    (found,) = find_runs(mlflow, "thinned")
    assert [step for step, _, _ in read_curve(mlflow, found, "train/loss")] == [1, 26, 51, 76, 100]
    assert MlflowExport(to_mlflow, client.base_url).export_run(run).num_points == 100
    (found,) = find_runs(mlflow, "thinned")
    assert len(read_curve(mlflow, found, "train/loss")) == 100


def test_where_mlflow_takes_no_files_the_rest_is_exported_and_said_so(
    client, server_worker, mlflow, to_mlflow, iris, tmp_path: Path
):
    body = {"name": "elsewhere", "artifact_location": f"file://{tmp_path}"}
    assert mlflow.post(f"{API}/experiments/create", json=body).is_success
    run = submit(client, "elsewhere")
    server_worker.finish(server_worker.claim(), iris)
    exported = MlflowExport(to_mlflow, client.base_url).export_run(run)
    assert exported.num_files == 0
    assert "--serve-artifacts" in exported.warning
    (found,) = find_runs(mlflow, "elsewhere")
    assert found["info"]["status"] == "FINISHED"


def test_limits_of_mlflow_are_kept(client, server_worker, mlflow, to_mlflow):
    # 101 columns are as many parameters, in more than one batch; a list of numbers is one, longer than MLflow takes.
    with server_worker.database.transaction() as session:
        spec = {"seed": 0, "values": list(range(2000)), "columns": [{"name": f"c{n}", "é": "x"} for n in range(101)]}
        tags = {"long": "y" * 9000, "größe": "z"}
        record = runs.create(
            session, experiment="limits", model_name="m", spec=spec, tags=tags, notes="# Why\n" + "n" * 9000
        )
    server_worker.fail(server_worker.claim())
    MlflowExport(to_mlflow, client.base_url).export_run(client.run(str(record.id)))
    (found,) = find_runs(mlflow, "limits")
    params, kept = pairs(found["data"]["params"]), pairs(found["data"]["tags"])
    assert len(params) == 2 + 202
    assert params["columns.100.name"] == "c100"
    assert params["values"].startswith("[0, 1, 2, ")
    assert params["values"].endswith("… (10,890 characters)")
    assert len(params["values"]) == 6000
    assert kept["long"].endswith("… (9,000 characters)")
    assert kept["gr__e"] == "z"


def test_a_deleted_experiment_is_not_written_to(client, mlflow, to_mlflow, server_worker):
    created = mlflow.post(f"{API}/experiments/create", json={"name": "gone"}).json()
    mlflow.post(f"{API}/experiments/delete", json=created)
    run = submit(client, "gone")
    with pytest.raises(MlflowError, match="'gone' is deleted"):
        MlflowExport(to_mlflow, client.base_url).export_run(run)
    # Another experiment can be named.
    MlflowExport(to_mlflow, client.base_url, experiment="kept").export_run(run)
    assert len(find_runs(mlflow, "kept")) == 1
    server_worker.fail(server_worker.claim())


def test_points_are_opened_with_every_digit(client, server_worker):
    run = submit(client, "points")
    claimed = server_worker.claim()
    server_worker.report(claimed, train__loss=LOSSES)
    with run.open_points() as points:
        found = list(points)
    server_worker.fail(claimed)
    assert [(point.key, point.step, point.unix_seconds) for point in found] == [
        ("train/loss", n + 1, float(n)) for n in range(7)
    ]
    assert [point.value.hex() for point in found] == [float(value).hex() for value in LOSSES]
