"""Everything that the database holds of runs, read in one moment."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.run_state import RunState
from db import points
from db.records.events import RunChangeRecord, WebhookDeliveryRecord
from db.records.metrics import MetricSeriesRecord
from db.records.registry import ModelVersionRecord
from db.records.runs import ArtifactRecord, AttemptRecord, CheckpointRecord, RunRecord
from db.records.service import IdempotencyRecord
from db.session import Database

Row = Mapping[str, Any]

OF_RUN = (AttemptRecord, CheckpointRecord, ArtifactRecord, ModelVersionRecord)
"""Tables whose rows belong to runs, in the order of the fields of Run."""

FILE_COLUMNS = ("sha256", "network_sha256", "signature_sha256", "reference_sha256")

QUERIES = {
    record.__tablename__: select(record.__table__).order_by(*order)
    for record, order in (
        *((record, record.__table__.primary_key) for record in (RunRecord, *OF_RUN)),
        # As db/points.py lists them.
        (MetricSeriesRecord, (MetricSeriesRecord.run_id, MetricSeriesRecord.key)),
        (RunChangeRecord, (RunChangeRecord.id,)),
        (WebhookDeliveryRecord, (WebhookDeliveryRecord.id,)),
        (IdempotencyRecord, (IdempotencyRecord.key,)),
    )
}


@dataclass(frozen=True)
class Curve:
    """A curve: its points, and the row that sums them up."""

    steps: list[int]
    values: list[float]
    summary: Row


@dataclass(frozen=True)
class Run:
    """A run with all that belongs to it, in the order of the keys of each table."""

    row: Row
    attempts: list[Row]
    checkpoints: list[Row]
    artifacts: list[Row]
    versions: list[Row]
    curves: dict[str, Curve]

    def __getattr__(self, name: str) -> Any:
        return self.row[name]

    @property
    def number(self) -> int:
        """Number of the request that submitted it."""
        return self.row["seed"]

    @property
    def num_steps(self) -> int:
        """Step up to which its first curve is stored."""
        curve = self.curves.get("train/loss")
        return 0 if curve is None else curve.steps[-1]

    @property
    def step(self) -> int:
        """Step of the progress that its attempt has reported."""
        return (self.row["progress"] or {}).get("step", 0)

    @property
    def newest(self) -> int:
        """Step of its newest checkpoint, 0 without one."""
        return max((one["step"] for one in self.checkpoints), default=0)

    @property
    def may_start(self) -> bool:
        """True if the next claim may take it."""
        return self.state == RunState.QUEUED and self.retry_at is None

    def is_held_by(self, attempt: int) -> bool:
        return (self.state, self.attempt) == (RunState.RUNNING, attempt)


@dataclass(frozen=True)
class Snapshot:
    """Runs by the numbers of their requests, and what outlives them."""

    runs: dict[int, Run] = field(default_factory=dict)
    changes: dict[UUID, list[Row]] = field(default_factory=dict)
    deliveries: dict[UUID, list[Row]] = field(default_factory=dict)
    answers: dict[str, Row] = field(default_factory=dict)

    @property
    def files(self) -> set[str]:
        """Return the sha256 of each file that a row refers to."""
        rows = [row for run in self.runs.values() for row in (*run.artifacts, *run.checkpoints, *run.versions)]
        return {row[name] for row in rows for name in FILE_COLUMNS if row.get(name) is not None}


def take(database: Database) -> Snapshot:
    """Read the present state."""
    with database.reading() as session:
        connection = session.connection()
        tables = {name: [dict(row) for row in connection.execute(query).mappings()] for name, query in QUERIES.items()}
        series = points.list_series(session, [row["id"] for row in tables["runs"]]) if tables["metric_series"] else []
        found = points.read_points(session, series)
    curves: dict[UUID, dict[str, Curve]] = defaultdict(dict)
    for row, part in zip(tables["metric_series"], found, strict=True):
        curves[row["run_id"]][row["key"]] = Curve(part.steps.tolist(), part.values.tolist(), row)
    of_run = [_group(tables[record.__tablename__]) for record in OF_RUN]
    runs = [
        Run(row, *(rows.get(row["id"], []) for rows in of_run), curves.get(row["id"], {})) for row in tables["runs"]
    ]
    by_number = {run.number: run for run in runs}
    assert len(by_number) == len(runs), "A request has two runs."
    return Snapshot(
        runs=by_number,
        changes=_group(tables["run_changes"]),
        deliveries=_group(tables["webhook_deliveries"]),
        answers={row["key"]: row["answer"] for row in tables["idempotency_keys"]},
    )


def _group(rows: list[Row]) -> dict[UUID, list[Row]]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["run_id"]].append(row)
    return dict(grouped)
