"""A service that has worked: runs with curves and files, a dataset, an alias; as the workers write them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.batch_predictions import AnswerKind, BatchPlan, ResultFormat
from core.progress import MetricBatch
from core.served_models import ServedVersion
from core.settings import Settings
from db import aliases, batch_predictions, claims, runs
from db.session import Database
from db.stored_datasets import Upload, add_new
from db.stored_files import remove_files
from storage.opening import open_storage


class Service:
    """Stored data of a service, and ways to go on with it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.database = Database(settings.effective_database_url)
        storage = open_storage(settings)
        self.files, self.datasets = storage.artifacts, storage.datasets
        self._folder = folder

    def store(self, text: str, name: str = "model.onnx"):
        path = self._folder / "source"
        path.write_text(text)
        return self.files.put(path, name)

    def queue(self, model_name: str = "adder"):
        with self.database.transaction() as session:
            return runs.create(session, experiment="trials", model_name=model_name, spec={"seed": 7}).id

    def claim(self, *, owner: str = "worker-1", lease_seconds: float = 60.0):
        with self.database.transaction() as session:
            claimed = claims.claim_run(session, owner=owner, lease_seconds=lease_seconds)
        assert claimed is not None
        return claimed

    def report(self, claimed, key: str = "train/loss", first_step: int = 1, num_points: int = 3) -> None:
        steps = np.arange(first_step, first_step + num_points, dtype=np.int64)
        batch = MetricBatch(key, steps, np.sin(steps) + 2.0, steps / 10.0)
        with self.database.transaction() as session:
            claims.record_progress(session, claimed.run_id, claimed.attempt, 60.0, batches=[batch])

    def finish(self, claimed, *artifacts) -> int:
        with self.database.transaction() as session:
            version = claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=artifacts, phases={})
        assert version is not None
        return version

    def train(self, text: str = "weights", *, model_name: str = "adder", num_points: int = 3):
        """Queue, claim and finish a run with a curve and two files; return its id."""
        self.queue(model_name)
        claimed = self.claim()
        self.report(claimed, num_points=num_points)
        self.finish(claimed, self.store(text), self.store(f"signature of {text}", "signature.json"))
        return claimed.run_id

    def delete(self, run_id) -> None:
        with self.database.transaction() as session:
            removed = runs.delete(session, run_id).files
        remove_files(self.database, self.files, removed)

    def upload(self, content: bytes = b"a,b\n1,2\n", name: str = "pairs"):
        """Store a dataset of two columns of integers, and return its version."""
        incoming = self.datasets.open()
        try:
            incoming.folder.original.write_bytes(content)
            description = {"kind": "table", "num_rows": 1, "columns": []}
            incoming.folder.description.write_text(json.dumps({"format": "csv", "description": description}))
            # The first and the last bytes of any Parquet file, and the length of what lies between at the end.
            incoming.folder.table.write_bytes(b"PAR1" + bytes(8) + (8).to_bytes(4, "little") + b"PAR1")
            incoming.sync()
            upload = Upload(name, hashlib.sha256(content).hexdigest(), len(content), f"{name}.csv")
            described = incoming.folder.read_description()
            return add_new(self.database, self.datasets, upload, incoming.folder, described)[0]
        finally:
            incoming.discard()

    def ask(self, dataset):
        """Queue a batch prediction of version 1 of the model for the rows of a dataset; return its id."""
        plan = BatchPlan(start=0, stop=1, columns=(), answers=AnswerKind.LABELS, format=ResultFormat.CSV)
        version = ServedVersion(version=1, run_id=None, network_sha256="a" * 64, signature_sha256="b" * 64)
        with self.database.transaction() as session:
            return batch_predictions.create(session, model_name="adder", version=version, dataset=dataset, plan=plan).id

    def answer(self, text: str) -> None:
        """Claim the oldest queued batch prediction, and end it with this result."""
        with self.database.transaction() as session:
            claimed = batch_predictions.claim(session, owner="worker-1", lease_seconds=60.0)
        assert claimed is not None
        result = self.store(text, "answers.csv")
        with self.database.transaction() as session:
            batch_predictions.finish(
                session, claimed.id, claimed.attempt, result=result, num_rows=1, num_refused=0, refused_rows=[]
            )

    def work(self) -> SimpleNamespace:
        """Do some of everything; return what was made."""
        first = self.train("first", num_points=2500)
        second = self.train("second")
        with self.database.transaction() as session:
            aliases.set_alias(session, "adder", "production", 1)
        return SimpleNamespace(first=first, second=second, dataset=self.upload())

    def contents(self) -> dict[str, bytes]:
        """All stored files by their path."""
        roots = (self.settings.artifacts_dir, self.settings.datasets_dir)
        paths = [path for root in roots for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.settings.data_dir)): path.read_bytes() for path in paths}


@pytest.fixture
def make_service(tmp_path: Path) -> Callable[..., Service]:
    made: list[Service] = []

    def make(url: str, name: str = "var", **settings: Any) -> Service:
        (tmp_path / name).mkdir(exist_ok=True)
        service = Service(Settings(data_dir=tmp_path / name, database_url=url, **settings), tmp_path)
        made.append(service)
        return service

    yield make
    for service in made:
        service.database.dispose()


@pytest.fixture
def service(make_service, database_url: str) -> Service:
    """A service without anything yet, on each kind of database."""
    return make_service(database_url)


@pytest.fixture
def sqlite_service(make_service, sqlite_url: str) -> Service:
    """The same on SQLite alone, for what does not depend on the database."""
    return make_service(sqlite_url)
