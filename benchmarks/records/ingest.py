"""Metric points a second through the whole path: from a trainer's messages to what is stored."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.records.exchange import Exchange
from benchmarks.records.results import Results, Row
from benchmarks.records.samples import KEY, draw_samples
from benchmarks.records.servers import Theirs
from benchmarks.records.sizes import Sizes
from benchmarks.records.stand_in import CORE_VARIABLE
from benchmarks.serving.servers import LOAD_CORE, SERVER_CORE, pinned
from core.settings import Settings
from db import metrics, runs
from db.session import Database
from db.upgrade import upgrade_database
from worker.supervisor import Supervisor
from worker.trainer_pool import TrainerPool
from worker.trainer_process import TrainerProcess

NUM_CURVES = 4
PER_REQUEST = 1_000
NUM_REQUESTS = 300
START_SECONDS = 60.0
NOTE = (
    "Ours: a trainer process sends messages of 1,000 points of 4 curves, the worker's supervisor stores them in a "
    "SQLite file of its own, and the clock runs from claim to end of the run. Theirs: log-batch of 1,000, the better "
    "of 1 and 4 connections."
)


def measure_ingest(results: Results, theirs: Theirs | None, sizes: Sizes, folder: Path) -> None:
    """Send points to both sides in turns."""
    url = f"sqlite:///{folder}/ingest.db"
    upgrade_database(url)
    database = Database(url)
    settings = Settings(data_dir=folder / "ingest")
    cores = sorted(os.sched_getaffinity(0))
    variables = {"PYTHONPATH": str(ROOT), CORE_VARIABLE: str(cores[LOAD_CORE % len(cores)])}
    command = [sys.executable, "-m", "benchmarks.records.stand_in"]
    pool = TrainerPool(settings, [variables], lambda environment: TrainerProcess(environment, command))
    our_rates, their_rates = [], []
    batches = _make_batches()
    try:
        with pinned(SERVER_CORE):
            pool.open()
            if not pool.wait_until_warm(START_SECONDS):
                raise RuntimeError("The stand-in trainer did not start.")
        for _ in range(sizes.num_rounds):
            our_rates.append(_train(database, Supervisor(settings, database, pool), sizes.num_points))
            if theirs is not None:
                their_rates.append(max(_log(theirs, batches, number, sizes.seconds) for number in (1, 4)))
    finally:
        pool.close()
        database.dispose()
    results.rows.append(
        Row(
            *("ingest", "metrics, trainer to stored", "points/s", tuple(our_rates), tuple(their_rates)),
            more_is_better=True,
            note=NOTE,
        )
    )


def _train(database: Database, supervisor: Supervisor, num_points: int) -> float:
    spec = {"num_points": num_points, "num_curves": NUM_CURVES}
    with database.transaction() as session:
        run = runs.create(session, experiment="benchmark", model_name="benchmark", spec=spec)
    with pinned(SERVER_CORE):
        began = time.perf_counter()
        supervisor.answer_doorbell()
        seconds = time.perf_counter() - began
    with database.reading() as session:
        stored = sum(summary.count for summary in metrics.list_keys(session, run.id))
        warnings = runs.get(session, run.id).warnings
    if stored != num_points or warnings:
        raise RuntimeError(f"{stored:,} of {num_points:,} points were stored. {warnings}")
    return num_points / seconds


def _make_batches() -> list[str]:
    """Return the lists of metrics of requests, as JSON."""
    batches = []
    for number in range(NUM_REQUESTS):
        points = draw_samples(1 + number * PER_REQUEST, PER_REQUEST, 0)
        columns = zip(points.steps.tolist(), points.values.tolist(), points.times.tolist(), strict=True)
        batch = [
            {"key": KEY, "value": value, "timestamp": int(1e3 * moment), "step": step}
            for step, value, moment in columns
        ]
        batches.append(json.dumps(batch))
    return batches


def _log(theirs: Theirs, batches: list[str], num_connections: int, seconds: float) -> float:
    """Log from so many clients, each to a run of its own; return the points a second."""
    with pinned(LOAD_CORE), ThreadPoolExecutor(num_connections) as clients:
        began = time.perf_counter()
        counts = list(clients.map(lambda _: _log_alone(theirs, batches, began + seconds), range(num_connections)))
        return PER_REQUEST * sum(counts) / (time.perf_counter() - began)


def _log_alone(theirs: Theirs, batches: list[str], end: float) -> int:
    exchange = Exchange(theirs.server.port)
    _, answer = exchange.ask("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0", "start_time": 1})
    run_id = json.loads(answer)["run"]["info"]["run_id"]
    count = 0
    for batch in batches:
        if time.perf_counter() >= end:
            break
        exchange.ask("POST", "/api/2.0/mlflow/runs/log-batch", f'{{"run_id": "{run_id}", "metrics": {batch}}}')
        count += 1
    exchange.close()
    return count
