"""Runs and curves put into both databases: into ours by its own functions, into theirs by SQL, which is quicker."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from benchmarks.records.samples import KEY, ListedRun, Samples, draw_run, draw_samples
from core.catalogue.presets import get_preset
from core.progress import MetricBatch
from db import metrics, new_runs, runs
from db.new_runs import NewRun
from db.records.metrics import MetricSeriesRecord
from db.session import Database

PRESET = "iris-keras"
EXPERIMENT = "benchmark"
ACCURACY, LOSS = "epoch/validation/accuracy", "epoch/validation/loss"
AT_ONCE = 2_000
POINTS_AT_ONCE = 100_000

RUNS = "INSERT INTO runs VALUES (?, ?, 'UNKNOWN', '', '', '', 'FINISHED', ?, ?, '', 'active', ?, 0, NULL)"
METRICS = 'INSERT INTO metrics ("key", value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)'
LATEST = 'INSERT INTO latest_metrics ("key", value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)'
PARAMS = 'INSERT INTO params ("key", value, run_uuid) VALUES (?, ?, ?)'
TAGS = 'INSERT INTO tags ("key", value, run_uuid) VALUES (?, ?, ?)'


def store_curve(database: Database, num_points: int, seed: int) -> UUID:
    """Store a run of ours with a curve."""
    with database.transaction() as session:
        run = runs.create(session, experiment=EXPERIMENT, model_name=EXPERIMENT, spec={"seed": seed})
        for first in range(1, num_points + 1, POINTS_AT_ONCE):
            points = draw_samples(first, min(POINTS_AT_ONCE, num_points + 1 - first), seed)
            metrics.append(session, run.id, [MetricBatch(KEY, points.steps, points.values, points.times)])
    return run.id


def store_runs(database: Database, first: int, last: int) -> None:
    """Store runs of ours with two tags, a whole spec, and the summaries of two curves of a point each."""
    spec = get_preset(PRESET).spec_json(None)
    for start in range(first, last, AT_ONCE):
        listed = [draw_run(number) for number in range(start, min(start + AT_ONCE, last))]
        with database.transaction() as session:
            records = [
                new_runs.make_row(_describe(run, spec), datetime.fromtimestamp(run.created_at, UTC)) for run in listed
            ]
            new_runs.insert_all(session, records)
            series = [
                _summarise(record.id, key, value)
                for record, run in zip(records, listed, strict=True)
                for key, value in ((ACCURACY, run.accuracy), (LOSS, 1 - run.accuracy))
            ]
            session.execute(insert(MetricSeriesRecord), series)


def _summarise(run_id: UUID, key: str, value: float) -> dict[str, Any]:
    values = dict.fromkeys(("first", "last", "min", "max", "best"), value)
    steps = dict.fromkeys(("first_step", "last_step", "min_step", "max_step", "best_step"), 100)
    return {"run_id": run_id, "key": key, "count": 1, **values, **steps}


def _describe(run: ListedRun, spec: dict[str, Any]) -> NewRun:
    optimizer = spec["training"]["optimizer"] | {"learning_rate": run.learning_rate}
    return NewRun.of(
        experiment=EXPERIMENT,
        model_name=PRESET,
        spec=spec | {"seed": run.number, "training": spec["training"] | {"optimizer": optimizer}},
        preset=PRESET,
        tags={"team": run.team, "number": str(run.number)},
    )


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=60)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def put_curve(path: Path, num_points: int, seed: int) -> str:
    """Put a run with a curve into their database."""
    points = draw_samples(1, num_points, seed)
    run_id = uuid4().hex
    with _writing(path) as connection:
        connection.execute(RUNS, _run_row(run_id, f"curve-{seed}", 0))
        rows = list(_rows(run_id, points))
        connection.executemany(METRICS, rows)
        key, value, moment, _, step = rows[-1]
        connection.execute(LATEST, (key, value, moment, step, run_id))
    return run_id


def put_runs(path: Path, first: int, last: int) -> None:
    """Put runs with two tags, the parameters of a spec, and two metrics into their database."""
    with _writing(path) as connection:
        for start in range(first, last, AT_ONCE):
            named = [(uuid4().hex, draw_run(number)) for number in range(start, min(start + AT_ONCE, last))]
            rows = {sql: list(_list_rows(sql, named)) for sql in (RUNS, METRICS, LATEST, PARAMS, TAGS)}
            for statement, values in rows.items():
                connection.executemany(statement, values)


def _list_rows(statement: str, named: Sequence[tuple[str, ListedRun]]) -> Iterator[tuple[Any, ...]]:
    for run_id, run in named:
        moment = int(1e3 * run.created_at)
        values = ((ACCURACY, run.accuracy), (LOSS, 1 - run.accuracy))
        if statement == RUNS:
            yield _run_row(run_id, f"run-{run.number}", moment)
        elif statement == METRICS:
            yield from ((key, value, moment, run_id, 100) for key, value in values)
        elif statement == LATEST:
            yield from ((key, value, moment, 100, run_id) for key, value in values)
        elif statement == PARAMS:
            chosen = {"learning_rate": run.learning_rate, "seed": run.number, "preset": PRESET, "epochs": 50}
            yield from ((key, str(value), run_id) for key, value in chosen.items())
        else:
            yield ("team", run.team, run_id)
            yield ("mlflow.runName", f"run-{run.number}", run_id)


def _run_row(run_id: str, name: str, moment: int) -> tuple[Any, ...]:
    return run_id, name, moment, moment + 1_000, f"mlflow-artifacts:/0/{run_id}/artifacts"


def _rows(run_id: str, points: Samples) -> Iterator[tuple[Any, ...]]:
    moments = (1e3 * points.times).astype(int).tolist()
    for step, value, moment in zip(points.steps.tolist(), points.values.tolist(), moments, strict=True):
        yield KEY, value, moment, run_id, step
