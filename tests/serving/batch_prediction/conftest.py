"""Small datasets, and batch predictions of them."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from core.batch_predictions import BatchPlan, BatchProgress
from core.uploads.description import DatasetDescription
from core.uploads.folder import DatasetFolder
from ingest.intake import take_in
from ingest.limits import MIB, Limits
from serving.batch_prediction.checks import BatchChoices, make_plan
from serving.batch_prediction.job import BatchOrder, BatchOutcome, predict_dataset


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored dataset."""

    folder: DatasetFolder
    description: DatasetDescription


@pytest.fixture
def store(tmp_path) -> Callable[[bytes], Stored]:
    """Store an upload as the service would."""
    numbers = iter(range(10**6))

    def take(content: bytes) -> Stored:
        folder = DatasetFolder(tmp_path / "datasets" / f"{next(numbers):064x}")
        folder.path.mkdir(parents=True)
        folder.original.write_bytes(content)
        limits = Limits(64 * MIB, 512 * MIB, cpu_seconds=60)
        described = take_in(folder.path, limits)
        folder.description.write_text(described.model_dump_json())
        return Stored(folder, described.description)

    return take


@dataclass(frozen=True, slots=True)
class Answered:
    """Result of a batch prediction, with the reports of its progress."""

    outcome: BatchOutcome
    plan: BatchPlan
    progress: list[BatchProgress]

    @property
    def path(self) -> Path:
        """File of the result."""
        return self.outcome.result

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of a Parquet file, typed."""
        connection = duckdb.connect()
        found = connection.execute("FROM read_parquet($path)", {"path": str(self.path)})
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @property
    def lines(self) -> list[list[str]]:
        """Lines of a CSV file, the header first."""
        return list(csv.reader(io.StringIO(self.path.read_text(encoding="utf-8"))))


@pytest.fixture
def write_model(tmp_path) -> Callable[..., tuple[Path, Path]]:
    """Return the files of a loaded model whose network is at a path."""

    def write(network: Path, signature: Any) -> tuple[Path, Path]:
        path = tmp_path / f"{network.stem}.json"
        path.write_text(signature.model_dump_json())
        return network, path

    return write


@pytest.fixture
def make_order(tmp_path, write_model) -> Callable[..., BatchOrder]:
    """Make an order; further arguments are those of BatchChoices."""
    numbers = iter(range(10**6))

    def make(network: Path, signature: Any, stored: Stored, *, parts: str = "parts", **choices: Any) -> BatchOrder:
        onnx_path, signature_path = write_model(network, signature)
        plan = make_plan(BatchChoices(**choices), signature, stored.description)
        attempt = next(numbers)
        scratch = tmp_path / "scratch" / str(attempt)
        scratch.mkdir(parents=True)
        return BatchOrder(
            network=onnx_path,
            signature=signature_path,
            dataset=stored.folder.path,
            plan=plan,
            parts=tmp_path / parts,
            scratch=scratch,
            attempt=attempt,
            name="result",
        )

    return make


@pytest.fixture
def answer(make_order) -> Callable[..., Answered]:
    """Predict a dataset; the arguments are those of make_order."""
    numbers = iter(range(10**6))

    def predict(network: Path, signature: Any, stored: Stored, **options: Any) -> Answered:
        order = make_order(network, signature, stored, **{"parts": f"parts-{next(numbers)}"} | options)
        progress: list[BatchProgress] = []
        return Answered(predict_dataset(order, progress.append), order.plan, progress)

    return predict


def to_csv(columns: dict[str, list[Any]]) -> bytes:
    """Write a table as CSV; None is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue().encode()


def to_json_lines(columns: dict[str, list[Any]]) -> bytes:
    """Write a table as JSON Lines."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows).encode()


def to_npz(**arrays: Any) -> bytes:
    """Write arrays as an NPZ archive."""
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


@pytest.fixture(scope="session")
def files():
    """Functions that write uploads."""
    return {"csv": to_csv, "json_lines": to_json_lines, "npz": to_npz}
