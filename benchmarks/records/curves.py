"""One long curve, the curves of many runs in one picture, and bytes a point."""

import json
import sqlite3
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.records.exchange import Exchange
from benchmarks.records.filling import put_curve, store_curve
from benchmarks.records.results import Results, Row
from benchmarks.records.samples import KEY
from benchmarks.records.servers import Ours, Theirs
from benchmarks.records.sizes import Sizes
from benchmarks.records.timing import Ask, add_times, time_sides

POINTS_OF_A_RUN = 1_000
VIEW_POINTS = 500
COMPARED_POINTS = 200
MOST_AT_ONCE = 100
"""Runs in a request of their interface."""

HISTORY_NOTE = "Theirs is get-history, which has every point and no view of fewer."
SAMPLED_NOTE = (
    "Theirs is get-history-bulk-interval, the request of its own web interface, which is not documented: values of "
    "some steps, without the minimum and maximum between; 100 runs a request."
)
BYTES_NOTE = (
    f"Growth of the database files by the curves of the comparison, {POINTS_OF_A_RUN:,} points each. Theirs were put "
    "in by SQL, as log-batch would."
)


def measure_curves(results: Results, ours: Ours, theirs: Theirs | None, sizes: Sizes) -> None:
    """Store curves, and ask for them."""
    our_exchange = Exchange(ours.server.port)
    their_exchange = None if theirs is None else Exchange(theirs.server.port)
    long_curve = store_curve(ours.database, sizes.history_points, seed=0)
    path = f"/v1/runs/{long_curve}/metrics/history?keys={KEY}&max_points={VIEW_POINTS}"
    asks: list[Ask] = [lambda: our_exchange.ask("GET", path)[0]]
    title = f"{VIEW_POINTS} points of a curve of {sizes.history_points:,}"
    if theirs is not None and their_exchange is not None:
        put = put_curve(theirs.path, sizes.history_points, seed=0)
        asks.append(lambda: _read_history(their_exchange, put, sizes.history_points))
        asks.append(lambda: _read_sampled(their_exchange, [put], VIEW_POINTS))
    sides = time_sides(sizes, asks)
    add_times(results, "history", title, sides[:2], HISTORY_NOTE)
    if theirs is not None:
        add_times(results, "history-sampled", f"{title}, sampled", (sides[0], sides[2]), SAMPLED_NOTE)
    _compare(results, ours, theirs, sizes)


def _compare(results: Results, ours: Ours, theirs: Theirs | None, sizes: Sizes) -> None:
    our_exchange = Exchange(ours.server.port)
    most = max(sizes.num_compared)
    before = count_bytes(ours.path)
    stored = [str(store_curve(ours.database, POINTS_OF_A_RUN, seed)) for seed in range(1, most + 1)]
    bytes_of_ours = (count_bytes(ours.path) - before) / (most * POINTS_OF_A_RUN)
    bytes_of_theirs: tuple[float, ...] = ()
    put: list[str] = []
    their_exchange = None if theirs is None else Exchange(theirs.server.port)
    if theirs is not None:
        before = count_bytes(theirs.path)
        put = [put_curve(theirs.path, POINTS_OF_A_RUN, seed) for seed in range(1, most + 1)]
        bytes_of_theirs = ((count_bytes(theirs.path) - before) / (most * POINTS_OF_A_RUN),)
    for count in sizes.num_compared:
        body = json.dumps({"runs": stored[:count], "keys": [KEY], "max_points": COMPARED_POINTS})
        asks: list[Ask] = [lambda body=body: our_exchange.ask("POST", "/v1/metrics:compare", body)[0]]  # type: ignore[misc]
        if their_exchange is not None:
            asks.append(lambda count=count: _read_sampled(their_exchange, put[:count], COMPARED_POINTS))  # type: ignore[misc]
        title = f"curves of {count:,} runs, {COMPARED_POINTS} points each"
        add_times(results, f"compare/{count}", title, time_sides(sizes, asks), SAMPLED_NOTE)
    results.rows.append(Row("bytes", "bytes a point", "bytes", (bytes_of_ours,), bytes_of_theirs, note=BYTES_NOTE))


def _read_history(exchange: Exchange, run_id: str, count: int) -> float:
    """Read a whole curve, page by page if it comes in pages; return the seconds."""
    total, found, token = 0.0, 0, ""
    while True:
        query = {"run_id": run_id, "metric_key": KEY} | ({"page_token": token} if token else {})
        seconds, answer = exchange.ask("GET", f"/api/2.0/mlflow/metrics/get-history?{urlencode(query)}")
        total += seconds
        page = json.loads(answer)
        found += len(page["metrics"])
        token = page.get("next_page_token", "")
        if not token:
            break
    if found != count:
        raise RuntimeError(f"get-history has {found:,} of {count:,} points.")
    return total


def _read_sampled(exchange: Exchange, run_ids: list[str], count: int) -> float:
    """Read curves as their web interface does; return the seconds."""
    total = 0.0
    for start in range(0, len(run_ids), MOST_AT_ONCE):
        chosen = [("run_ids", run_id) for run_id in run_ids[start : start + MOST_AT_ONCE]]
        query = urlencode([*chosen, ("metric_key", KEY), ("max_results", str(count))])
        seconds, answer = exchange.ask("GET", f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{query}")
        total += seconds
        if len({point["run_id"] for point in json.loads(answer)["metrics"]}) != len(chosen):
            raise RuntimeError("get-history-bulk-interval left out runs.")
    return total


def count_bytes(path: Path) -> int:
    """Return the bytes of a SQLite database's pages in use, those in its write-ahead log included."""
    connection = sqlite3.connect(path, timeout=60)
    try:
        pages, unused, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    finally:
        connection.close()
    return (pages - unused) * size
