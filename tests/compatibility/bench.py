"""The way of an upload from its bytes to the numbers of a model, without a network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from core.datasets.series import SeriesDataset
from core.datasets.table import TableDataset
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from core.uploads.description import TableDescription
from core.uploads.folder import DatasetFolder
from core.uploads.reading import ReadingOptions
from core.uploads.table_reader import TableReader
from ingest.errors import RejectedUpload
from ingest.intake import take_in
from ingest.limits import MIB, Limits
from models.preparation.columns import fit_encoding
from serving.protocols.tensorflow_serving.predict import decode_predict

CASES: dict[str, Callable[["Bench"], None]] = {}
"""The test of each report, by its name, such as `pandas-dev/pandas#19402`."""


def report(*names: str) -> Callable[[Callable[["Bench"], None]], Callable[["Bench"], None]]:
    """Register a function as the test of these reports."""

    def register(case: Callable[["Bench"], None]) -> Callable[["Bench"], None]:
        assert not CASES.keys() & set(names), names
        CASES.update(dict.fromkeys(names, case))
        return case

    return register


@dataclass(frozen=True)
class Table:
    """An upload that was read."""

    path: Path
    description: TableDescription
    warnings: tuple[Any, ...]

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.description.columns}

    @property
    def codes(self) -> set[str]:
        return {notice.code for notice in self.warnings}

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return duckdb.sql(f"FROM '{self.path}'").fetchall()

    def shape(self, *, of: Any = TableDataset, **dataset: Any) -> Any:
        """Return the shape of a dataset on this table, which has the warnings of a run."""
        name = "series" if of is SeriesDataset else "table"
        return of.model_validate({"name": name, "dataset": "mine"} | dataset).shape(self.description)

    def train(self, **dataset: Any) -> "Encoded":
        """Fit the encoding on all rows, and return the model's view of requests."""
        shape = self.shape(split={}, **dataset)
        with TableReader(self.path, [*self.types], (), self.path.parent) as reader:
            encoding, _ = fit_encoding(reader, shape.features.columns, np.ones(reader.num_rows, np.bool_))
        signature = ModelSignature(
            task=Task.REGRESSION,
            input_kind=InputKind.TABLE,
            input=TensorSpec(name="inputs", onnx_name="x", shape=(encoding.width,)),
            output=TensorSpec(name="outputs", onnx_name="y", shape=(1,)),
            columns=encoding.names,
            table=encoding,
        )
        return Encoded(signature, tuple(notice.code for notice in shape.warnings))


@dataclass(frozen=True)
class Encoded:
    """A model's view of requests."""

    signature: ModelSignature
    codes: tuple[str, ...]

    def ask(self, *instances: Any) -> list[list[float | None]]:
        """Return the numbers of rows, as the network gets them; None is a missing value."""
        return self.send({"instances": list(instances)})

    def send(self, body: Any) -> list[list[float | None]]:
        batch = decode_predict(body, self.signature, max_instances=100).batch
        return [[None if np.isnan(number) else float(number) for number in row] for row in batch]


@dataclass(frozen=True)
class Bench:
    """Reads uploads, each in a folder of its own."""

    folder: Path

    def read(self, content: str | bytes, **options: Any) -> Table:
        path = self.folder / f"upload_{sum(1 for _ in self.folder.iterdir())}"
        path.mkdir()
        upload = DatasetFolder(path)
        upload.original.write_bytes(content.encode() if isinstance(content, str) else content)
        found = take_in(path, Limits(64 * MIB, 256 * MIB, cpu_seconds=60), ReadingOptions(**options))
        assert isinstance(found.description, TableDescription)
        return Table(upload.table, found.description, found.warnings)

    def refuse(self, content: str | bytes, **options: Any) -> RejectedUpload:
        try:
            table = self.read(content, **options)
        except RejectedUpload as rejected:
            return rejected
        raise AssertionError(f"was read as {table.rows}")
