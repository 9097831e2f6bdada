"""Times of runs, measured by a client of the service."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from benchmarks.service import RunningService

POLL_SECONDS = 0.005
POLLED_SHARE = 0.02
"""Polling interval as a share of the time since the POST, if that is longer."""
QUEUE_POLL_SECONDS = 0.05

FAILED = {"failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class RunTimes:
    """Seconds since the POST was sent.

    Attributes:
        first_metric_seconds: Until the run shows a metric.
        succeeded_seconds: Until the run shows that it has succeeded.
    """

    first_metric_seconds: float
    succeeded_seconds: float


def time_run(service: RunningService, body: dict[str, Any]) -> RunTimes:
    """Submit a run and poll it every 5 ms, less often the longer it takes, until it has succeeded.

    Raises:
        RuntimeError: If it does not succeed.
    """
    started = perf_counter()
    run_id = service.submit(body)
    first_metric_seconds: float | None = None
    while True:
        run = service.show(run_id)
        seconds = perf_counter() - started
        if first_metric_seconds is None and run["latest_metrics"]:
            first_metric_seconds = seconds
        if run["state"] == "succeeded":
            return RunTimes(seconds if first_metric_seconds is None else first_metric_seconds, seconds)
        if run["state"] in FAILED:
            raise RuntimeError(f"Run {run_id} has {run['state']}: {run['error']}")
        time.sleep(max(POLL_SECONDS, POLLED_SHARE * seconds))


def time_queue(service: RunningService, bodies: Sequence[dict[str, Any]]) -> float:
    """Return the seconds from the first POST until the last run has succeeded.

    No other run may be active, and none may have succeeded before.

    Raises:
        RuntimeError: If one does not succeed.
    """
    started = perf_counter()
    run_ids = [service.submit(body) for body in bodies]
    # The last submitted is among the last to end. Polling all of them would slow down the training.
    for run_id in reversed(run_ids):
        while (state := service.show(run_id)["state"]) != "succeeded":
            if state in FAILED:
                raise RuntimeError(f"Run {run_id} of the queue has {state}.")
            time.sleep(QUEUE_POLL_SECONDS)
        if service.count_runs("succeeded") >= len(run_ids):
            break
    return perf_counter() - started
