"""`python -m benchmarks.recovery`: from the end of a run whose trainer is lost to the first step of the next.

A run is cancelled, fails, or has its trainer killed, and the benchmark waits until the next run, or the same one again,
shows a metric. Both sides in turns: a worker without a spare trainer and one with a spare. It also times the run that
follows, during which the next spare warms up. Each service is started for this on SQLite, with one trainer.
"""

import argparse
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

import psutil

from benchmarks.service import RunningService
from launch.throwaway import throwaway_service

PRESET = "perceptron-or"
LONG = {"preset": "iris-keras", "overrides": {"training": {"epochs": 100_000, "shuffle": True}}}
"""A run that lasts until it is stopped."""

FAILING = {"preset": "iris-keras", "overrides": {"training": {"optimizer": {"name": "sgd", "learning_rate": 1e30}}}}
"""A run whose loss is soon no finite number."""

FOLLOWING = {"preset": "iris-keras", "overrides": {"training": {"epochs": 1_500}}}
"""A run that lasts longer than the warm-up of a spare."""

SIDES = (0, 1)
"""Numbers of spares."""

WARM_SECONDS = 14.0
"""Time in which a spare is warm, with the pause before its start."""
POLL_SECONDS = 0.005
LONGEST_SECONDS = 120.0


@dataclass(slots=True)
class Side:
    """Measurements with a number of spares.

    Attributes:
        seconds: Times of each case.
        memory_bytes: Resident memory of each trainer and spare, idle.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    memory_bytes: list[int] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time until the next run's first step, after a trainer was lost.")
    parser.add_argument("--rounds", type=int, default=3, help="services of each side; 3 by default")
    arguments = parser.parse_args()
    cases = (_measure_failed, _measure_killed, _measure_cancelled)
    sides = {num_spares: Side() for num_spares in SIDES}
    for number in range(arguments.rounds):
        for num_spares in SIDES if number % 2 == 0 else SIDES[::-1]:
            with throwaway_service(num_spares=num_spares) as settings:
                service = RunningService(settings.default_base_url, has_mnist=False)
                for measure in cases:
                    time.sleep(WARM_SECONDS)
                    sides[num_spares].memory_bytes += [process.memory_info().rss for process in _find_trainers()]
                    for name, seconds in measure(service).items():
                        sides[num_spares].seconds.setdefault(name, []).append(seconds)
                        print(f"round {number + 1}, {num_spares} spares: {name}: {seconds:.2f} s", flush=True)
                service.http.close()
    print("| time | without a spare, s | with a spare, s | ratio |")
    print("|---|---|---|---|")
    for name in sides[0].seconds:
        without, with_spare = (sides[num_spares].seconds[name] for num_spares in SIDES)
        ratio = median(slow / fast for slow, fast in zip(without, with_spare, strict=True))
        print(f"| {name} | {_describe(without)} | {_describe(with_spare)} | {ratio:.1f} |")
    for num_spares, side in sides.items():
        print(f"{num_spares} spares: {len(side.memory_bytes)} idle trainers, {_mebibytes(side.memory_bytes)} MiB each")


def _describe(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def _mebibytes(sizes: list[int]) -> str:
    return f"{median(sizes) / 2**20:.0f}"


def _measure_failed(service: RunningService) -> dict[str, float]:
    first = service.submit(FAILING)
    following = service.submit({"preset": PRESET})
    _wait_for(service, first, _has_ended)
    seconds = _time_until(service, following, _has_metric)
    _wait_for(service, following, _has_ended)
    return {"next run after one that failed": seconds}


def _measure_killed(service: RunningService) -> dict[str, float]:
    run = service.submit(LONG)
    _wait_for(service, run, _has_metric)
    busy = max(_find_trainers(), key=lambda process: process.cpu_percent(0.5))
    os.kill(busy.pid, signal.SIGKILL)
    seconds = _time_until(service, run, lambda shown: shown["attempt"] > 1 and _has_metric(shown))
    service.http.post(f"/v1/runs/{run}:cancel").raise_for_status()
    _wait_for(service, run, _has_ended)
    return {"the run whose trainer was killed": seconds}


def _measure_cancelled(service: RunningService) -> dict[str, float]:
    first = service.submit(LONG)
    _wait_for(service, first, _has_metric)
    following = service.submit(FOLLOWING)
    service.http.post(f"/v1/runs/{first}:cancel").raise_for_status()
    _wait_for(service, first, _has_ended)
    seconds = _time_until(service, following, _has_metric)
    return {
        "next run after one that was cancelled": seconds,
        "that run, from its first metric to its end": _time_until(service, following, _has_ended),
    }


def _time_until(service: RunningService, run_id: str, is_reached: Callable[[dict[str, Any]], bool]) -> float:
    started = perf_counter()
    _wait_for(service, run_id, is_reached)
    return perf_counter() - started


def _has_metric(shown: dict[str, Any]) -> bool:
    return bool(shown["latest_metrics"])


def _has_ended(shown: dict[str, Any]) -> bool:
    return shown["ended_at"] is not None


def _wait_for(service: RunningService, run_id: str, is_reached: Callable[[dict[str, Any]], bool]) -> None:
    deadline = perf_counter() + LONGEST_SECONDS
    while not is_reached(service.show(run_id)):
        if perf_counter() > deadline:
            raise RuntimeError(f"Run {run_id} takes longer than {LONGEST_SECONDS:g} s: {service.show(run_id)}")
        time.sleep(POLL_SECONDS)


def _find_trainers() -> list[psutil.Process]:
    """Return the trainers of the service, spares among them."""
    children = psutil.Process().children(recursive=True)
    return [process for process in children if "worker.trainer" in process.cmdline()]


if __name__ == "__main__":
    main()
