"""`python -m benchmarks.training_service`: measure training as a client of the service.

Measures the time until an idle service shows a run's first metric and its success, whole runs compared with stock
Keras, and a queue of small runs with one and two trainers. Each service is started for this on SQLite, with one worker,
a free port and a temporary data directory.
"""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.arguments import Arguments, read_arguments
from benchmarks.cases import Case, choose_cases
from benchmarks.datasets import provide_mnist
from benchmarks.processes import measure_stock
from benchmarks.results import read_cases, write_section
from benchmarks.service import RunningService, running_service
from benchmarks.tables import met
from benchmarks.waiting import RunTimes, time_queue, time_run

FIRST_METRIC_SECONDS = 0.5
SUCCEEDED_SECONDS = 1.0
TWO_TRAINERS_RATIO = 1.8

LATENCY_PRESET = "perceptron-or"
WHOLE_RUNS = ("iris-keras", "sine-regression", "two-input-regression", "binary-adder", "mnist-mlp")
"""Cases short enough to be measured in full on both sides."""

QUEUE_PRESET = "iris-keras"
PAUSE_SECONDS = 0.5
"""Pause between runs, so that the service is idle for each."""


@dataclass(frozen=True, slots=True)
class WholeRun:
    """One case through the service.

    Attributes:
        name: Name of the case.
        stock_seconds: Stock `Model.fit` alone; None until it is known.
        is_extrapolated: True if that was extrapolated from shorter fits.
        first_seconds: Time from POST to success, for the first run of the shape on this service.
        later_seconds: The same for later runs.
    """

    name: str
    stock_seconds: float | None
    is_extrapolated: bool
    first_seconds: float
    later_seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class QueueRound:
    """One queue, with one trainer and with two.

    Attributes:
        one_seconds: Time from the first POST to the last success with one trainer.
        two_seconds: The same with two.
    """

    one_seconds: float
    two_seconds: float


def main() -> None:
    """Measure, print and write the results."""
    arguments = read_arguments(
        "Training through the service: latency, whole runs, and a queue with one and two trainers."
    )
    num_repeats, num_queued = (5, 10) if arguments.is_quick else (15, 40)
    with running_service(arguments.data_dir, num_trainers=1) as service:
        latencies = _measure_latency(service, num_repeats)
        whole_runs = _measure_whole_runs(service, arguments)
    whole_runs = _add_stock(whole_runs, arguments)
    _print_whole_runs(whole_runs)
    rounds = [_measure_queue(number, num_queued, arguments) for number in range(arguments.num_rounds)]
    ratio = median(turn.one_seconds / turn.two_seconds for turn in rounds)
    print(
        f"\n{num_queued} runs of {QUEUE_PRESET}: two trainers are {ratio:.2f}x as fast as one "
        f"(bar {TWO_TRAINERS_RATIO}x: {met(is_met=ratio >= TWO_TRAINERS_RATIO)})"
    )
    if arguments.output is not None:
        section: dict[str, Any] = {
            "latency": [asdict(times) for times in latencies],
            "whole_runs": [asdict(run) for run in whole_runs],
            "queue": {"num_runs": num_queued, "ratio": ratio, "rounds": [asdict(turn) for turn in rounds]},
        }
        write_section(arguments.output, "service", section)


def _measure_latency(service: RunningService, num_repeats: int) -> list[RunTimes]:
    times = []
    for _ in range(num_repeats):
        time.sleep(PAUSE_SECONDS)
        times.append(time_run(service, {"preset": LATENCY_PRESET}))
    print(f"\nPOST of {LATENCY_PRESET} to an idle service with a warm trainer, {num_repeats} times:")
    _print_latency("first metric", [each.first_metric_seconds for each in times], FIRST_METRIC_SECONDS)
    _print_latency("succeeded", [each.succeeded_seconds for each in times], SUCCEEDED_SECONDS)
    return times


def _print_latency(name: str, seconds: list[float], bar: float) -> None:
    print(
        f"  {name:12}  median {median(seconds):.3f} s, least {min(seconds):.3f}, most {max(seconds):.3f} "
        f"(bar {bar} s: {met(is_met=median(seconds) <= bar)})",
        flush=True,
    )


def _measure_whole_runs(service: RunningService, arguments: Arguments) -> list[WholeRun]:
    runs = []
    for case in _whole_cases(arguments):
        if case.reads_mnist and not service.has_mnist:
            print(f"{case.name} is skipped: {arguments.data_dir} does not contain MNIST's files.")
            continue
        seconds = []
        for _ in range(1 + arguments.num_rounds):
            time.sleep(PAUSE_SECONDS)
            seconds.append(time_run(service, {"spec": case.document()}).succeeded_seconds)
        runs.append(WholeRun(case.name, None, False, seconds[0], tuple(seconds[1:])))
    return runs


def _whole_cases(arguments: Arguments) -> tuple[Case, ...]:
    if arguments.is_selection:
        return tuple(case for case in arguments.cases if case.name in WHOLE_RUNS)
    return choose_cases(WHOLE_RUNS)


def _add_stock(runs: list[WholeRun], arguments: Arguments) -> list[WholeRun]:
    """Add the times of stock Keras, from the first part of the benchmark or measured now."""
    known = {}
    if arguments.output is not None and arguments.output.exists():
        known = {result.name: result for result in read_cases(arguments.output)}
    compared = []
    with TemporaryDirectory() as folder:
        datasets_dir = Path(folder) / "datasets"
        cases = (
            provide_mnist(choose_cases([run.name for run in runs]), arguments.data_dir, datasets_dir) if runs else ()
        )
        by_name = {case.name: case for case in cases}
        for run in runs:
            if run.name in known:
                seconds, lengths = known[run.name].stock_seconds, known[run.name].extrapolated_from
            else:
                seconds, lengths = measure_stock(by_name[run.name].document(), datasets_dir).seconds, None
            compared.append(replace(run, stock_seconds=seconds, is_extrapolated=lengths is not None))
    return compared


def _print_whole_runs(runs: list[WholeRun]) -> None:
    if not runs:
        return
    print("\nPOST to succeeded, including export and registration, compared with stock Model.fit alone:")
    for run in runs:
        later = median(run.later_seconds)
        compared = f", {run.stock_seconds / later:.1f}x" if run.stock_seconds else ""
        sign = "~" if run.is_extrapolated else ""
        stock = f"stock fit {sign}{run.stock_seconds:.3f} s, " if run.stock_seconds else ""
        print(f"  {run.name:22}  {stock}first run {run.first_seconds:.3f} s, later ones {later:.3f} s{compared}")
    if any(run.is_extrapolated for run in runs):
        print("  ~: EXTRAPOLATED from shorter fits, as noted in the table above.")


def _measure_queue(number: int, num_runs: int, arguments: Arguments) -> QueueRound:
    seconds = {}
    for num_trainers in (2, 1) if number % 2 else (1, 2):
        with running_service(arguments.data_dir, num_trainers) as service:
            bodies = [{"preset": QUEUE_PRESET, "overrides": {"seed": seed}} for seed in range(num_runs)]
            seconds[num_trainers] = time_queue(service, bodies)
    turn = QueueRound(seconds[1], seconds[2])
    print(
        f"queue {number + 1}/{arguments.num_rounds}: one trainer {turn.one_seconds:.2f} s, two "
        f"{turn.two_seconds:.2f} s ({turn.one_seconds / turn.two_seconds:.2f}x)",
        flush=True,
    )
    return turn


if __name__ == "__main__":
    main()
