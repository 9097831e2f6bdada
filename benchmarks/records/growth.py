"""A curve of ours that grows: time to view it, to append to it, and its bytes, on SQLite and PostgreSQL."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from uuid import UUID

from benchmarks.event_latency import POSTGRES_URL
from benchmarks.records.curves import VIEW_POINTS, count_bytes
from benchmarks.records.exchange import Exchange
from benchmarks.records.results import Results, Row
from benchmarks.records.samples import KEY, draw_samples
from benchmarks.records.servers import Ours, serve_ours
from benchmarks.records.sizes import Sizes
from benchmarks.records.timing import add_times, time_sides
from benchmarks.submitting import temporary_schema
from core.progress import MetricBatch
from db import metrics, runs

FILLED_AT_ONCE = 20_000
APPENDED = 1_000
NUM_APPENDS = 15
DATABASES = ("sqlite", "postgresql")
NOTE = f"Appends of {APPENDED:,} points, each in a transaction of its own; the median of {NUM_APPENDS} in each round."


def measure_growth(results: Results, sizes: Sizes, folder: Path) -> None:
    """Let a curve grow on each database."""
    for name in DATABASES:
        with _serving(name, folder) as ours:
            _grow(results, name, ours, sizes)


def _grow(results: Results, name: str, ours: Ours, sizes: Sizes) -> None:
    with ours.database.transaction() as session:
        run_id = runs.create(session, experiment="benchmark", model_name="benchmark", spec={}).id
    before, present, began = _count_bytes(ours), 0, time.perf_counter()
    exchange = Exchange(ours.server.port)
    path = f"/v1/runs/{run_id}/metrics/history?keys={KEY}&max_points={VIEW_POINTS}"
    for size in sizes.growth_points:
        _append(ours, run_id, present, size, FILLED_AT_ONCE)
        print(f"{name}: {size:,} points stored after {time.perf_counter() - began:.0f} s", flush=True)
        present = size
        bytes_a_point = (_count_bytes(ours) - before) / present
        title = f"of a curve of {size:,}, {name}"
        sides = time_sides(sizes, [lambda: exchange.ask("GET", path)[0]])
        add_times(results, f"view/{name}/{size}", f"{VIEW_POINTS} points {title}", sides)
        seconds = []
        for _ in range(sizes.num_rounds):
            last = present + NUM_APPENDS * APPENDED
            seconds.append(1e3 * median(_append(ours, run_id, present, last, APPENDED)))
            present = last
        add_times(results, f"append/{name}/{size}", f"append to the end {title}", [tuple(seconds)], NOTE)
        results.rows.append(Row(f"bytes/{name}/{size}", f"bytes a point {title}", "bytes", (bytes_a_point,)))


@contextmanager
def _serving(name: str, folder: Path) -> Iterator[Ours]:
    if name == "sqlite":
        with serve_ours(folder / name) as ours:
            yield ours
        return
    with temporary_schema(POSTGRES_URL) as url, serve_ours(folder / name, url or "") as ours:
        yield ours


def _append(ours: Ours, run_id: UUID, first: int, last: int, count: int) -> list[float]:
    """Append the points after `first` up to `last`; return the seconds of each transaction."""
    seconds = []
    for start in range(first, last, count):
        points = draw_samples(start + 1, min(count, last - start), 0)
        batch = MetricBatch(KEY, points.steps, points.values, points.times)
        began = time.perf_counter()
        with ours.database.transaction() as session:
            metrics.append(session, run_id, [batch])
        seconds.append(time.perf_counter() - began)
    return seconds


def _count_bytes(ours: Ours) -> int:
    if ours.database.is_sqlite:
        return count_bytes(ours.path)
    tables = "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relkind = 'r' AND relnamespace = "
    with ours.database.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"{tables} current_schema()::regnamespace").scalar_one())
