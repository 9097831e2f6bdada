"""How long runs take, seen from outside the service."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from benchmarks.service import RunningService

POLL_SECONDS = 0.005
POLLED_SHARE = 0.02
"""Of the time since the POST, what goes by between two looks, where that is more."""
QUEUE_POLL_SECONDS = 0.1
"""Rarer, since with a queue the looking itself would take time from the training."""
FAILURE_POLL_SECONDS = 2.0

FAILED = {"failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class RunTimes:
    """From sending the POST.

    Attributes:
        first_metric_seconds: Until a look at the run shows a metric.
        succeeded_seconds: Until one shows that it has succeeded.
    """

    first_metric_seconds: float
    succeeded_seconds: float


def time_run(service: RunningService, body: dict[str, Any]) -> RunTimes:
    """Submit a run and look at it every 5 ms, more rarely the longer it takes, until it has succeeded.

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
    """Seconds from the first POST until the last run has succeeded.

    No other run may be under way.

    Raises:
        RuntimeError: If one does not succeed.
    """
    num_before = service.count_runs("succeeded")
    started = perf_counter()
    for body in bodies:
        service.submit(body)
    next_look_for_failures = started + FAILURE_POLL_SECONDS
    while service.count_runs("succeeded") < num_before + len(bodies):
        if perf_counter() > next_look_for_failures:
            next_look_for_failures += FAILURE_POLL_SECONDS
            if any(service.count_runs(state) for state in FAILED):
                raise RuntimeError("A run of the queue did not succeed.")
        time.sleep(QUEUE_POLL_SECONDS)
    return perf_counter() - started
