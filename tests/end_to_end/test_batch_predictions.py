"""Batch predictions of uploaded datasets: the answers of `:predict`, as a file, whatever happens to the worker."""

import csv
import io
import itertools
import os
import random
import signal
import time

import duckdb
import numpy as np
import psutil
import pytest

from tests.end_to_end.conftest import ENDED, RUN_SECONDS
from tests.end_to_end.test_uploaded_datasets import TRAINING, layers, make_customers, upload, write_csv

FEATURES = ("plan", "age", "since", "newsletter")


def predict_batch(service, model, **body):
    answer = service.http.post(f"/v1/models/{model}:batchPredict", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/batch-predictions/{answer.json()['id']}"
    return answer.json()


def show(service, batch):
    return service.http.get(f"/v1/batch-predictions/{batch['id']}").raise_for_status().json()


def wait(service, batch, condition=lambda shown: shown["state"] in ENDED, seconds=RUN_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition(shown := show(service, batch)):
        assert time.monotonic() < deadline, (shown, service.log.read_text()[-5000:])
        time.sleep(0.02)
    return shown


def download(service, batch):
    answer = service.http.get(f"/v1/batch-predictions/{batch['id']}/result")
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.fixture(scope="module")
def churn(service):
    """The rows of an upload of every type, with gaps, and the model that has learned from them."""
    rows = make_customers()
    upload(service, "batch-customers", write_csv(rows))
    dataset = {"name": "table", "dataset": "batch-customers", "target": "outcome", "exclude": ["customer", "part"]}
    service.train(
        spec={
            "name": "batch-churn",
            "dataset": dataset,
            "model": {"kind": "mlp", "layers": layers(8, last=2, activation="softmax")},
            "training": TRAINING | {"epochs": 2, "loss": "sparse_categorical_crossentropy"},
        }
    )
    return rows


def test_rows_of_every_type_are_answered_as_requests_are(service, churn):
    batch = predict_batch(
        service,
        "batch-churn",
        dataset="batch-customers",
        output={"format": "parquet", "columns": ["customer", "outcome"], "answers": "probabilities"},
    )
    ended = wait(service, batch)
    assert (ended["state"], ended["num_refused"], ended["refused_rows"]) == ("succeeded", 0, [])
    assert ended["progress"]["num_done"] == ended["progress"]["num_rows"] == len(churn)
    path = service.data_dir / "answers.parquet"
    path.write_bytes(download(service, batch))
    found = duckdb.connect().execute("FROM read_parquet($path)", {"path": str(path)}).fetchall()
    instances = [{name: row[name] if row[name] != "" else None for name in FEATURES} for row in churn]
    asked = service.predict("batch-churn", instances=instances)["predictions"]
    assert len(found) == len(churn)
    for number, (row, sent, expected) in enumerate(zip(found, churn, asked, strict=True)):
        place, customer, outcome, predicted, *probabilities, error = row
        assert (place, customer, outcome, error) == (number, sent["customer"], sent["outcome"], None)
        assert predicted == expected["label"]
        assert probabilities == pytest.approx(list(expected["probabilities"].values()), abs=1e-6)


def test_the_command_saves_the_answers(service, churn, tmp_path):
    target = tmp_path / "answers.csv"
    arguments = ("batch-customers", "--output", str(target), "--columns", "customer", "--rows", "10:20")
    done = service.command("batch-predict", "batch-churn", *arguments)
    assert done.returncode == 0, done.stderr
    lines = list(csv.DictReader(io.StringIO(target.read_text())))
    assert [(line["row"], line["customer"]) for line in lines] == [
        (str(number), churn[number]["customer"]) for number in range(10, 20)
    ]
    assert {line["prediction"] for line in lines} <= {"stays", "leaves"}


NUM_POINTS = 600_000


@pytest.fixture(scope="module")
def workers(make_service):
    """A service whose workers are started by the test, with leases that end soon."""
    service = make_service(
        TRAINYARD_LEASE_SECONDS="1.5", TRAINYARD_RECONCILE_SECONDS="0.3", TRAINYARD_MAX_ATTEMPTS="50"
    )
    launched = service.start_all()
    points = np.random.default_rng(3).normal(size=(NUM_POINTS, 2)).astype(np.float32)
    lines = itertools.chain(["id,a,b,sum"], (f"p{i},{a},{b},{a + b}" for i, (a, b) in enumerate(points[:300].tolist())))
    upload(service, "few-points", "\n".join(lines).encode())
    lines = itertools.chain(["id,a,b"], (f"p{i},{a},{b}" for i, (a, b) in enumerate(points.tolist())))
    upload(service, "points", "\n".join(lines).encode())
    service.train(
        spec={
            "name": "plane",
            "dataset": {"name": "table", "dataset": "few-points", "target": "sum", "exclude": ["id"]},
            "model": {"kind": "mlp", "layers": layers(64, 64, last=1, activation="linear")},
            "training": TRAINING | {"epochs": 2, "loss": "mse"},
        }
    )
    launched.send_signal(signal.SIGTERM)
    launched.wait(timeout=60)
    service.start_api()
    return service


def test_killed_workers_lose_and_double_no_row(workers):
    order = {"dataset": "points", "output": {"columns": ["id"], "format": "csv"}}
    undisturbed = predict_batch(workers, "plane", **order)
    worker = workers.start_worker()
    assert wait(workers, undisturbed)["state"] == "succeeded"
    expected = download(workers, undisturbed)
    assert expected.count(b"\n") == NUM_POINTS + 1
    batch = predict_batch(workers, "plane", **order)
    moments = random.Random(5)  # noqa: S311 - moments for a test
    num_kills = 0
    while num_kills < 4:
        wait(workers, batch, lambda shown: shown["state"] != "queued")
        time.sleep(moments.uniform(0.1, 0.9))
        if show(workers, batch)["state"] != "running":
            break
        children = psutil.Process(worker.pid).children(recursive=True)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        num_kills += 1
        # The kernel ends what the worker has started.
        psutil.wait_procs(children, timeout=30)
        assert not [child for child in children if child.is_running()]
        worker = workers.start_worker()
    ended = wait(workers, batch)
    assert ended["state"] == "succeeded", (ended, workers.log.read_text()[-5000:])
    assert num_kills > 0
    assert ended["attempt"] == len(ended["attempts"]) > 1
    assert download(workers, batch) == expected
    assert not list((workers.data_dir / "batch-predictions").glob("*"))
