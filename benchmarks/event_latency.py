"""Time from a metric's commit to its arrival at listeners: `python -m benchmarks.event_latency`.

One API process with 1, 50 and 200 listeners of one run, on SQLite and on the PostgreSQL of TRAINYARD_TEST_POSTGRES_URL.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import create_engine, text

from core.progress import MetricBatch, Phase, Progress
from db import claims, runs
from db.session import Database
from db.upgrade import upgrade_database

PORT = 8290
NUM_EVENTS = 40
PAUSE_SECONDS = 0.2
LEASE_SECONDS = 60.0
POSTGRES_URL = os.environ.get("TRAINYARD_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


async def listen(port: int, path: str, has_begun: asyncio.Semaphore, arrived: list[tuple[int, float]]) -> None:
    """Note when each step arrives."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    while line := await reader.readline():
        if line.startswith(b"event: state"):
            has_begun.release()
        if line.startswith(b"data: ") and b'"series"' in line:
            now = time.time()
            arrived += [(step, now) for step in json.loads(line[6:])["series"][0]["steps"]]
        if line.startswith(b"event: end"):
            break
    writer.close()


async def ask_health(port: int, is_over: asyncio.Event, seconds: list[float]) -> None:
    """Time requests that share the event loop with the listeners."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not is_over.is_set():
        began = time.perf_counter()
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        headers = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in headers.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(length)
        seconds.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
    writer.close()


async def measure(
    database: Database, port: int, num_listeners: int, num_events: int = NUM_EVENTS
) -> tuple[list[float], list[float]]:
    """Return the delays of events, and the seconds of other requests."""
    with database.transaction() as session:
        run_id: UUID = runs.create(session, experiment="bench", model_name="bench", spec={}).id
    with database.transaction() as session:
        claimed = claims.claim_run(session, owner="bench", lease_seconds=LEASE_SECONDS)
    assert claimed is not None
    has_begun = asyncio.Semaphore(0)
    arrived: list[tuple[int, float]] = []
    path = f"/v1/runs/{run_id}/events"
    listeners = [asyncio.create_task(listen(port, path, has_begun, arrived)) for _ in range(num_listeners)]
    for _ in range(num_listeners):
        await has_begun.acquire()
    is_over, seconds = asyncio.Event(), list[float]()
    asking = asyncio.create_task(ask_health(port, is_over, seconds))
    written: dict[int, float] = {}

    def report(step: int) -> None:
        progress = Progress(Phase.TRAIN, epoch=0, num_epochs=1, step=step, num_steps=num_events)
        batch = MetricBatch("train/loss", (step,), (0.5,), (time.time(),))  # type: ignore[arg-type]
        with database.transaction() as session:
            claims.record_progress(session, run_id, claimed.attempt, LEASE_SECONDS, progress=progress, batches=[batch])
        written[step] = time.time()

    for step in range(1, num_events + 1):
        await asyncio.to_thread(report, step)
        await asyncio.sleep(PAUSE_SECONDS)
    is_over.set()
    await asking
    with database.transaction() as session:
        runs.cancel(session, run_id)
    with database.transaction() as session:
        claims.cancel_running(session, run_id, claimed.attempt)
    await asyncio.gather(*listeners)
    assert len(arrived) == num_events * num_listeners
    return [moment - written[step] for step, moment in arrived], seconds


def at(seconds: list[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return 1000 * sorted(seconds)[min(int(share * len(seconds)), len(seconds) - 1)]


def run(url: str, folder: Path) -> None:
    """Measure one database."""
    upgrade_database(url)
    environment = {**os.environ, "TRAINYARD_DATABASE_URL": url, "TRAINYARD_DATA_DIR": str(folder)}
    environment["TRAINYARD_PORT"] = str(PORT)
    process = subprocess.Popen([sys.executable, "-m", "launch", "api"], env=environment)
    database = Database(url)
    try:
        for _ in range(300):
            try:
                asyncio.run(asyncio.wait_for(asyncio.open_connection("127.0.0.1", PORT), 1))
                break
            except OSError:
                time.sleep(0.1)
        for num_listeners in (1, 50, 200):
            delays, seconds = asyncio.run(measure(database, PORT, num_listeners))
            print(
                f"{database.url.get_backend_name():12} {num_listeners:4} listeners: "
                f"p50 {statistics.median(delays) * 1000:5.0f} ms, p99 {at(delays, 0.99):5.0f} ms; "
                f"GET /healthz meanwhile p50 {at(seconds, 0.5):4.1f} ms, p99 {at(seconds, 0.99):5.1f} ms"
            )
    finally:
        database.dispose()
        process.terminate()
        process.wait(30)


def main() -> None:
    """Measure both databases."""
    with tempfile.TemporaryDirectory() as folder:
        run(f"sqlite:///{folder}/trainyard.db", Path(folder))
        name = f"trainyard_bench_{uuid4().hex}"
        server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            run(POSTGRES_URL.rsplit("/", 1)[0] + f"/{name}", Path(folder))
        finally:
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            server.dispose()


if __name__ == "__main__":
    main()
