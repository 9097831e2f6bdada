"""Time from the commit of a metric to its arrival at the listeners of a run's events."""

import asyncio
from statistics import median

from benchmarks.event_latency import at, measure
from benchmarks.records.results import Results, Row
from benchmarks.records.servers import Ours
from benchmarks.records.sizes import Sizes
from benchmarks.serving.servers import LOAD_CORE, pinned

NOTE = (
    "GET /v1/runs/{id}/events, p99 over all listeners; the listeners share one core, and their own work is in "
    "the time. MLflow has no events: its clients ask again and again."
)


def measure_events(results: Results, ours: Ours, sizes: Sizes) -> None:
    """Listen with more and more clients."""
    for count in sizes.num_listeners:
        tails, middles = [], []
        for _ in range(sizes.num_rounds):
            with pinned(LOAD_CORE):
                delays, _ = asyncio.run(measure(ours.database, ours.server.port, count, sizes.num_events))
            tails.append(at(delays, 0.99))
            middles.append(1e3 * median(delays))
        title = f"event, metric stored to {count} listener{'s' if count > 1 else ''}"
        results.rows.append(Row(f"event/{count}", f"{title}: p99", "ms", tuple(tails), note=NOTE))
        results.rows.append(Row(f"event-p50/{count}", f"{title}: median", "ms", tuple(middles), note=NOTE))
