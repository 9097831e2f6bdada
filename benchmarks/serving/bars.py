"""Bars: what our sides have to reach, as ratios to other sides."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from benchmarks.serving.results import Figure, Results
from benchmarks.serving.sides import CASES

JUDGED_CONNECTIONS = (1, 16)


@dataclass(frozen=True, slots=True)
class Bar:
    """A ratio that has to be reached.

    Attributes:
        title: In words.
        ours: Our side.
        theirs: The other side.
        figure: That is compared. A latency has to be lower, and its ratio is theirs by ours, so that more is better.
        at_least: Least ratio by number of connections.
        cases: Names of the cases.
    """

    title: str
    ours: str
    theirs: str
    figure: Figure
    at_least: dict[int, float]
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bar beside what was measured.

    Attributes:
        bar: The bar.
        case: Name of the case.
        num_connections: Number of connections.
        ratio: Measured ratio; 0 if our side gave no right answer, else NaN or infinite if theirs gave none.
        at_most: Ratio that a server would have which takes no time but the network's; infinite where that is no limit.
        processor_ratio: Processor time of their server for an answer, by that of ours: the ratio that both would have
            with a core to themselves and enough requests; NaN if unknown.
        num_errors: Errors of our side.
    """

    bar: Bar
    case: str
    num_connections: int
    ratio: float
    at_most: float
    processor_ratio: float
    num_errors: int

    @property
    def is_met(self) -> bool:
        """True if the ratio is reached, and without errors."""
        is_reached = isfinite(self.ratio) and self.ratio >= self.bar.at_least[self.num_connections]
        return is_reached and self.num_errors == 0


ONE_ROW = tuple(case.name for case in CASES.values() if case.num_rows == 1)
ALL_CASES = tuple(CASES)


def _same(ratio: float) -> dict[int, float]:
    return dict.fromkeys(JUDGED_CONNECTIONS, ratio)


BARS = (
    Bar("v1 JSON: answers a second, by MLServer's", "ours-v1", "mlserver", "throughput", _same(3.0), ONE_ROW),
    Bar("v2 JSON: answers a second, by MLServer's", "ours-v2", "mlserver", "throughput", _same(3.0), ONE_ROW),
    Bar("MLServer's p50, by v1 JSON's", "ours-v1", "mlserver", "p50_ms", _same(1.0), ONE_ROW),
    Bar("MLServer's p99, by v1 JSON's", "ours-v1", "mlserver", "p99_ms", _same(1.0), ONE_ROW),
    Bar("v1 JSON, by bare ASGI", "ours-v1", "bare", "throughput", {1: 0.7, 16: 0.6}, ONE_ROW),
    Bar("v2 binary, by bare ASGI", "ours-binary", "bare-binary", "throughput", {1: 0.7, 16: 0.6}, ONE_ROW),
    Bar("v1 JSON, by mlflow's keras flavour", "ours-v1", "mlflow-keras", "throughput", _same(200.0), ONE_ROW),
    Bar("v2 binary, by v2 JSON", "ours-binary", "ours-v2", "throughput", _same(1.0), ALL_CASES),
    Bar("v1 JSON, by MLServer's binary", "ours-v1", "mlserver-grpc", "throughput", _same(1.0), ("mnist-mlp-64",)),
)


MOST_IDLE_MB = 150.0
"""Most resident memory of our API before its first prediction, in megabytes."""


def judge(results: Results) -> Iterator[Verdict]:
    """Compare every bar with what was measured, where both of its sides were."""
    for bar in BARS:
        for case in bar.cases:
            for num_connections in bar.at_least:
                ratio = _ratio(results, bar, case, num_connections)
                if not results.select(case, bar.ours, num_connections) or ratio is None:
                    continue
                errors = results.count_errors(case, bar.ours, num_connections)
                at_most = _at_most(results, bar, case, num_connections)
                sides = (bar.theirs, bar.ours)
                processor_ratio = results.ratio(case, sides, num_connections, "server_us")
                yield Verdict(bar, case, num_connections, ratio, at_most, processor_ratio, sum(errors.values()))


def _ratio(results: Results, bar: Bar, case: str, num_connections: int) -> float | None:
    if not results.select(case, bar.theirs, num_connections):
        return None
    is_latency = bar.figure != "throughput"
    sides = (bar.theirs, bar.ours) if is_latency else (bar.ours, bar.theirs)
    if not results.median(case, bar.ours, num_connections, "throughput"):
        return 0.0
    return results.ratio(case, sides, num_connections, bar.figure)


def _at_most(results: Results, bar: Bar, case: str, num_connections: int) -> float:
    theirs = results.median(case, bar.theirs, num_connections, bar.figure)
    network_us = results.network_us[case]
    if bar.figure == "throughput":
        return 1e6 / network_us / theirs if theirs else float("inf")
    # One request at a time waits for the network once; with more, how long depends on the order.
    return 1e3 * theirs / network_us if num_connections == 1 else float("inf")
