"""A service with a model and a run in its database, which nothing was trained for: what requests are measured on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.artifacts import ONNX_MODEL, SIGNATURE
from core.settings import Settings
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from db import claims, runs
from db.session import Database
from db.upgrade import upgrade_database
from storage.artifact_folder import ArtifactFolder

MODEL_NAME = "iris-keras"

LEASE_SECONDS = 60.0

NUM_OTHER_MODELS = 30
"""Registered beside it: whoever asks for an unknown model is told of the nearest."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request to measure.

    Attributes:
        name: Of its kind.
        body: As JSON; empty for a GET.
        status: Of the answer.
    """

    name: str
    method: str
    path: str
    body: bytes
    status: int


@contextmanager
def stored_service() -> Iterator[tuple[Settings, tuple[Question, ...]]]:
    """Settings of a service on SQLite in a folder that is thrown away, and what to ask it."""
    with TemporaryDirectory(prefix="trainyard-requests-") as folder:
        settings = Settings(data_dir=Path(folder))
        upgrade_database(settings.effective_database_url)
        database = Database(settings.effective_database_url)
        try:
            files = _write_model(Path(folder) / "model")
            for number in range(NUM_OTHER_MODELS):
                register_version(database, settings, f"model-{number}", files)
            run_id = register_version(database, settings, MODEL_NAME, files)
        finally:
            database.dispose()
        yield settings, _list_questions(run_id)


def _list_questions(run_id: str) -> tuple[Question, ...]:
    rows = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]]}).encode()
    preset = json.dumps({"preset": MODEL_NAME}).encode()
    return (
        Question("health check", "GET", "/healthz", b"", 200),
        Question("unknown model", "GET", "/v1/models/iris-kera", b"", 404),
        Question("show a run", "GET", f"/v1/runs/{run_id}", b"", 200),
        Question("submit a run", "POST", "/v1/runs", preset, 202),
        Question("predict", "POST", f"/v1/models/{MODEL_NAME}:predict", rows, 200),
    )


def register_version(database: Database, settings: Settings, model_name: str, files: list[Path]) -> str:
    """Store a run that has succeeded with these files; returns its id."""
    store = ArtifactFolder(settings.artifacts_dir)
    with database.transaction() as session:
        runs.create(session, experiment="benchmark", model_name=model_name, spec={"seed": 0})
    with database.transaction() as session:
        claimed = claims.claim_run(session, owner="benchmark", lease_seconds=LEASE_SECONDS)
    assert claimed is not None
    artifacts = [store.put(path) for path in files]
    with database.transaction() as session:
        claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=artifacts, phases={"train": 0.25})
    return str(claimed.run_id)


def _write_model(folder: Path) -> list[Path]:
    """A network that multiplies four numbers by a matrix, and its signature."""
    folder.mkdir(parents=True)
    weights = np.eye(4, 3, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "by_hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 3])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="input", onnx_name="x", shape=(4,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(3,)),
        columns=("sepal_length", "sepal_width", "petal_length", "petal_width"),
        class_labels=("setosa", "versicolor", "virginica"),
    )
    files = [folder / ONNX_MODEL, folder / SIGNATURE]
    files[0].write_bytes(model.SerializeToString())
    files[1].write_text(signature.model_dump_json())
    return files
