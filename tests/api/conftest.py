"""A service on a database of its own, models small enough to be computed by hand, and a real server."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

import httpx
import numpy as np
import onnx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from jsonschema_rs import Draft202012Validator
from onnx import TensorProto, helper, numpy_helper
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from core.api_keys import Scope, make_key
from core.progress import MetricBatch, Phase, Progress
from core.run_report import RunError
from core.settings import Settings
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from core.workers import WorkerHealth, WorkerState
from db import api_keys, claims, runs, workers
from db.session import Database
from storage.artifact_folder import ArtifactFolder
from trainyard.mnist import MnistUpload

with warnings.catch_warnings():
    # Starlette would rather have a client that is not among this project's dependencies.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

LEASE_SECONDS = 60.0
DIGITS = Path(__file__).parents[1] / "data" / "mnist"


@pytest.fixture
def database_kind() -> str:
    """SQLite is quick to copy; modules whose statements could differ ask for PostgreSQL too."""
    return "sqlite"


@pytest.fixture
def make_settings(tmp_path, database_kind, request):
    """Settings for a data directory, and an empty database, of the test's own."""
    url = request.getfixturevalue(f"{database_kind}_url")

    def make(**changes) -> Settings:
        return Settings(data_dir=tmp_path, database_url=url, **changes)

    return make


@pytest.fixture
def settings(make_settings):
    return make_settings()


class ContractClient(TestClient):
    """Fails a test with the name of the operation if a response is not as the OpenAPI document describes it."""

    def request(self, method, url, **options):
        """Send a request; check the status, the media type and the body of the response."""
        answer = super().request(method, url, **options)
        for context in iter_route_contexts(self.app.routes):
            route = context.original_route
            if isinstance(route, APIRoute) and route.path_regex.match(answer.request.url.path):
                operation = read_document()["paths"][route.path].get(answer.request.method.lower())
                if operation is not None and route.methods == {answer.request.method}:
                    check_answer(f"{answer.request.method} {route.path}", operation, answer)
        return answer


@cache
def read_document():
    """The document, which is the same whatever the settings."""
    return create_app(Settings(database_url="sqlite:///unused.db")).openapi()


@pytest.fixture
def document():
    """The OpenAPI document, a copy for each test."""
    return json.loads(json.dumps(read_document()))


def check_answer(name, operation, answer):
    """Compare a response with the description of its operation."""
    status = str(answer.status_code)
    assert status in operation["responses"], f"{name}: {status} is not documented. {answer.text[:200]}"
    documented = operation["responses"][status].get("content")
    if documented is None or not answer.content or status == "206":
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in documented or "application/octet-stream" in documented, f"{name}: {status} {media_type}"
    schema = documented.get(media_type, {}).get("schema")
    if schema and "json" in media_type:
        problem = next(make_validator(json.dumps(schema)).iter_errors(read_json(answer.text)), None)
        assert problem is None, f"{name}: {status} {problem.instance_path} {problem.message[:300]}"


def read_json(text):
    """JSON; predictions may also hold NaN and infinities."""
    return json.loads(text, parse_constant=lambda _: 0.0)


@cache
def make_validator(schema):
    """Validator of a schema of the document."""
    return Draft202012Validator(json.loads(schema) | {"components": read_document()["components"]})


@pytest.fixture
def make_client():
    """Clients of apps that are started, and stopped after the test."""
    opened = []

    def make(settings):
        client = ContractClient(
            create_app(settings),
            base_url=settings.default_base_url,
            raise_server_exceptions=False,
            follow_redirects=False,
        )
        opened.append(client.__enter__())
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client, settings):
    return make_client(settings)


@pytest.fixture
def admin_key():
    """An admin key that `locked_client` is given from outside."""
    return make_key().reveal()


@pytest.fixture
def locked_client(make_client, make_settings, admin_key):
    """A client, without a key, of a service that asks for keys."""
    return make_client(make_settings(bootstrap_key=admin_key))


@pytest.fixture
def keep_key(database):
    """Make a key in the database; returns it whole."""

    def keep(*scopes, name="test", **options) -> str:
        with database.transaction() as session:
            return api_keys.create(session, name=name, scopes=map(Scope, scopes), **options)[1].reveal()

    return keep


@pytest.fixture
def database(settings):
    database = Database(settings.effective_database_url)
    yield database
    database.dispose()


@pytest.fixture
def upload_digits():
    """Upload the digits in tests/data/mnist as `mnist`, as the command line does; returns the version."""

    def upload(client):
        content = b"".join(MnistUpload(DIGITS).chunks())
        answer = client.post("/v1/datasets/mnist/versions", content=content, params={"filename": "mnist.tar"})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return upload


@pytest.fixture
def stand_in(monkeypatch):
    """Uploads are read by a program that does what their first word says."""
    folder = Path(__file__).parent / "stand_in"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))


@dataclass
class Worker:
    """Does to the database what a worker would, and puts files where one would."""

    database: Database
    settings: Settings

    @property
    def store(self) -> ArtifactFolder:
        return ArtifactFolder(self.settings.artifacts_dir)

    def tell_health(self, state=WorkerState.READY, *, name="host:1", num_failed_starts=0, error=None) -> None:
        num_ready = 1 if state is WorkerState.READY else 0
        health = WorkerHealth(state, 1, num_ready, num_failed_starts, error)
        with self.database.transaction() as session:
            workers.report(session, name, "host", health)

    def claim(self) -> claims.ClaimedRun:
        with self.database.transaction() as session:
            claimed = claims.claim_run(session, owner="test", lease_seconds=LEASE_SECONDS)
        assert claimed is not None
        return claimed

    def report(self, claimed, *, step=5, num_steps=10, phase=Phase.TRAIN, **curves) -> None:
        """Report progress, and points of curves: a list of values from step 1 on."""
        batches = [
            MetricBatch(
                key=key.replace("__", "/"),
                steps=tuple(range(1, len(values) + 1)),
                values=tuple(values),
                times=tuple(map(float, range(len(values)))),
            )
            for key, values in curves.items()
        ]
        progress = Progress(phase=phase, epoch=1, num_epochs=2, step=step, num_steps=num_steps)
        with self.database.transaction() as session:
            claims.record_progress(
                session, claimed.run_id, claimed.attempt, LEASE_SECONDS, progress=progress, batches=batches
            )

    def describe(self, claimed, **details) -> None:
        with self.database.transaction() as session:
            claims.record_details(session, claimed.run_id, claimed.attempt, LEASE_SECONDS, **details)

    def finish(self, claimed, folder: Path, metrics=None) -> int:
        """Succeed with every file of a folder as an artifact; returns the model version."""
        artifacts = [self.store.put(path) for path in sorted(folder.iterdir())]
        with self.database.transaction() as session:
            return claims.finish_run(
                session,
                claimed.run_id,
                claimed.attempt,
                artifacts=artifacts,
                phases={"train": 0.25},
                latest_metrics=metrics,
            )

    def fail(self, claimed, code="training_failed", detail="The loss was NaN at step 3.", problems=()) -> None:
        with self.database.transaction() as session:
            claims.fail_run(session, claimed.run_id, claimed.attempt, error=RunError(code, detail, problems=problems))

    def register(self, model_name: str, folder: Path, metrics=None, **spec) -> UUID:
        """A run of a model that has succeeded with these files and metrics; fields of its spec may be given."""
        with self.database.transaction() as session:
            record = runs.create(session, experiment="tests", model_name=model_name, spec={"seed": 0} | spec)
        claimed = self.claim()
        assert claimed.run_id == record.id
        self.finish(claimed, folder, metrics)
        return record.id


@pytest.fixture
def worker(database, settings):
    return Worker(database, settings)


def save_model(folder: Path, weights, signature: ModelSignature, *, log: str = "trained\n") -> Path:
    """The files of a run whose network multiplies a row by a matrix."""
    folder.mkdir(parents=True)
    weights = np.asarray(weights, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "by_hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", weights.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "signature.json").write_text(signature.model_dump_json())
    (folder / "trainer.log").write_text(log)
    return folder


@pytest.fixture(scope="session")
def write_model():
    """Write the files of a run whose network multiplies a row by a matrix: folder, matrix, signature."""
    return save_model


@pytest.fixture
def iris(tmp_path) -> Path:
    """Three classes: the first three of four numbers are the probabilities, the fourth is ignored."""
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="input", onnx_name="x", shape=(4,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(3,)),
        columns=("sepal_length", "sepal_width", "petal_length", "petal_width"),
        class_labels=("setosa", "versicolor", "virginica"),
    )
    return save_model(tmp_path / "iris", np.eye(4, 3), signature)


@pytest.fixture
def make_line(tmp_path):
    """A regression: y = slope · x."""

    def make(slope: float) -> Path:
        signature = ModelSignature(
            task=Task.REGRESSION,
            input_kind=InputKind.COLUMNS,
            input=TensorSpec(name="input", onnx_name="x", shape=(1,)),
            output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
            columns=("x",),
        )
        return save_model(tmp_path / f"line-{slope}", [[slope]], signature)

    return make


@dataclass
class Server:
    """A server in a process of its own."""

    base_url: str
    port: int
    process: subprocess.Popen
    data_dir: Path

    def resident_bytes(self, field: str = "VmRSS") -> int:
        """Its memory now, or at most (`VmHWM`)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {field}")


@pytest.fixture(scope="module")
def server(upgraded_sqlite, tmp_path_factory):
    """The service under uvicorn, with a database and a port of its own, for all tests of a module."""
    data_dir = tmp_path_factory.mktemp("server")
    shutil.copy(upgraded_sqlite, data_dir / "trainyard.db")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--port", str(port), "--no-access-log"],
        env={"TRAINYARD_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin"},
        stderr=subprocess.PIPE,
    )
    running = Server(f"http://127.0.0.1:{port}", port, process, data_dir)
    try:
        _wait_until_up(running)
        yield running
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def server_worker(server):
    """A worker of the server."""
    settings = Settings(data_dir=server.data_dir)
    database = Database(settings.effective_database_url)
    yield Worker(database, settings)
    database.dispose()


def _wait_until_up(server: Server) -> None:
    deadline = time.monotonic() + 60
    # One client: a new one reads the certificates of the machine for a tenth of a second.
    with httpx.Client(base_url=server.base_url, trust_env=False) as client:
        while time.monotonic() < deadline:
            assert server.process.poll() is None, server.process.stderr.read().decode()
            try:
                if client.get("/healthz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise AssertionError("the server did not answer")


@pytest.fixture
def scrape():
    """Asks a client's service for its measurements; returns every sample by name and labels, `name{label="value"}`."""

    def ask(client) -> dict[str, float]:
        answer = client.get("/metrics")
        assert answer.status_code == 200, answer.text
        families = text_string_to_metric_families(answer.text)
        return {_name(sample): sample.value for family in families for sample in family.samples}

    return ask


def _name(sample) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else sample.name
