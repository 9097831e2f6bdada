"""Small uploads, written as ingestion leaves them."""

import json
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.uploads.description import (
    ArrayDescription,
    ArraysDescription,
    ColumnDescription,
    DescriptionFile,
    TableDescription,
    ValueCount,
)
from core.uploads.folder import SPLIT_COLUMN, DatasetFolder
from ingest.intake import take_in
from ingest.limits import Limits
from trainyard.mnist import MnistUpload

TYPES = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "TIMESTAMP",
    "day": "DATE",
    "text": "VARCHAR",
}


@pytest.fixture
def upload_table(tmp_path):
    """A function from columns, `{"age": ("integer", [31, None])}`, to the dataset part of a spec that names them."""

    def upload(columns, splits=None):
        folder = folder_of(tmp_path, json.dumps([columns, splits], default=str))
        written = columns if splits is None else columns | {SPLIT_COLUMN: ("text", splits)}
        write_parquet(folder.table, written)
        num_rows = len(next(iter(columns.values()))[1])
        counts = {} if splits is None else {name: splits.count(name) for name in dict.fromkeys(splits)}
        described = tuple(describe(name, kind, values) for name, (kind, values) in columns.items())
        save(folder, TableDescription(num_rows=num_rows, columns=described, splits=counts), "parquet")
        return {"name": "table", "dataset": "mine", "version": 1, "sha256": folder.path.name}

    return upload


@pytest.fixture
def upload_arrays(tmp_path):
    """A function from arrays by name to the dataset part of a spec."""

    def upload(**arrays):
        folder = folder_of(tmp_path, str(arrays))
        folder.arrays.mkdir()
        for name, array in arrays.items():
            np.save(folder.arrays / f"{name}.npy", array)
        described = tuple(describe_array(name, array) for name, array in arrays.items())
        save(folder, ArraysDescription(arrays=described), "npz")
        return {"name": "arrays", "dataset": "mine", "version": 1, "sha256": folder.path.name}

    return upload


@pytest.fixture(scope="session")
def mnist(tmp_path_factory):
    """The digits in tests/data/mnist, uploaded: the folder of datasets, and the dataset part of a spec."""
    datasets_dir = tmp_path_factory.mktemp("mnist")
    content = b"".join(MnistUpload(Path(__file__).parents[1] / "data" / "mnist").chunks())
    folder = DatasetFolder.of(datasets_dir, sha256(content).hexdigest())
    folder.path.mkdir(parents=True)
    folder.original.write_bytes(content)
    take_in(folder.path, Limits(max_bytes=1 << 28, memory_bytes=1 << 28, cpu_seconds=60))
    return datasets_dir, {"name": "mnist", "version": 1, "sha256": folder.path.name}


def folder_of(datasets_dir, content):
    folder = DatasetFolder.of(datasets_dir, sha256(content.encode()).hexdigest())
    folder.path.mkdir(parents=True, exist_ok=True)
    return folder


def save(folder, description, form):
    folder.description.write_text(DescriptionFile(format=form, description=description).model_dump_json())


def write_parquet(path, columns):
    names = ", ".join(f'"{name}" {TYPES[kind]}' for name, (kind, _) in columns.items())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows ({names})")
        rows = list(zip(*(values for _, values in columns.values()), strict=True))
        connection.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(columns))})", rows)  # noqa: S608
        connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")


def describe(name, kind, values):
    present = [value for value in values if value is not None]
    numbers = [value for value in present if kind in {"integer", "number"}]
    ends = [min(present), max(present)] if present and kind not in {"text", "boolean"} else [None, None]
    if kind in {"date", "day"}:
        ends = [end.isoformat() for end in ends]
    texts = [str(value).lower() if kind == "boolean" else str(value) for value in present]
    counts = sorted({text: texts.count(text) for text in texts}.items(), key=lambda entry: -entry[1])
    return ColumnDescription(
        name=name,
        type="date" if kind == "day" else kind,
        num_missing=len(values) - len(present),
        num_distinct=len(counts),
        least=ends[0],
        greatest=ends[1],
        mean=float(np.mean(numbers)) if numbers else None,
        values=tuple(ValueCount(value=value, count=count) for value, count in counts[:1000]),
    )


def describe_array(name, array):
    is_whole = array.ndim == 1 and array.dtype.kind in "iub"
    values, counts = np.unique(array, return_counts=True) if is_whole else ((), ())
    return ArrayDescription(
        name=name,
        shape=array.shape,
        dtype=str(array.dtype),
        num_not_finite=int((~np.isfinite(array)).sum()),
        values=tuple(ValueCount(value=str(v), count=int(c)) for v, c in zip(values, counts, strict=True)),
    )
