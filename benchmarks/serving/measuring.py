"""Measurements, each in a process of its own on the load generator's core."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf
from statistics import quantiles

from benchmarks.processes import ROOT
from benchmarks.serving.load import Load
from benchmarks.serving.servers import LOAD_CORE, pinned


@dataclass(frozen=True, slots=True)
class Order:
    """Order to a load generator.

    Attributes:
        form: Name of the form of the requests (wire.py).
        model: Name of the network in addresses.
        samples: Folder of the rows to send and the right outputs.
        port: Of the server.
        server_pid: First process of the server.
        headers: That every request needs.
        num_connections: Number of connections.
        warm_seconds: Time before the measurement.
        seconds: Time of the measurement.
    """

    form: str
    model: str
    samples: str
    port: int
    server_pid: int
    headers: tuple[tuple[str, str], ...]
    num_connections: int
    warm_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """Result of an order.

    Attributes:
        throughput: Right answers a second.
        p50_ms: Median latency in milliseconds, infinite without right answers.
        p99_ms: 99th percentile of the latencies.
        num_answers: Number of right answers.
        errors: Number of other answers and lost connections, by kind.
        cpu_share: Share of its core that the load generator used.
        server_us: Processor time of the server for each right answer, in microseconds; infinite without any.
    """

    throughput: float
    p50_ms: float
    p99_ms: float
    num_answers: int
    errors: dict[str, int]
    cpu_share: float
    server_us: float


def measure(order: Order, program: str, python: str = sys.executable) -> Measurement:
    """Have a load generator carry out an order, on its own core.

    Args:
        order: Its order.
        program: Module of the load generator.
        python: Interpreter, of the environment that the load generator needs.

    Raises:
        RuntimeError: If it fails; quotes its errors.
    """
    with pinned(LOAD_CORE):
        process = subprocess.run(
            [python, "-m", program],
            cwd=ROOT,
            input=json.dumps(asdict(order)),
            capture_output=True,
            text=True,
            check=False,
        )
    if process.returncode:
        raise RuntimeError(f"The load generator failed with {order}:\n{process.stderr[-4000:]}")
    return Measurement(**json.loads(process.stdout))


def read_order(text: str) -> Order:
    """Read the order that a load generator is given on standard input."""
    document = json.loads(text)
    return Order(**{**document, "headers": tuple((name, value) for name, value in document["headers"])})


def write_measurement(load: Load) -> str:
    """Write what a load generator prints on standard output."""
    return json.dumps(asdict(summarize(load)))


def summarize(load: Load) -> Measurement:
    """Work out throughput and percentiles of a load."""
    latencies = [1_000 * seconds for seconds in load.latencies]
    p50, p99 = find_percentiles(latencies, (50, 99))
    server_us = 1e6 * load.server_seconds / len(latencies) if latencies else inf
    return Measurement(len(latencies) / load.seconds, p50, p99, len(latencies), load.errors, load.cpu_share, server_us)


def find_percentiles(values: Sequence[float], percents: Sequence[int]) -> tuple[float, ...]:
    """Return percentiles, interpolated between the values around each; infinite ones of no values."""
    if len(values) <= 1:
        return tuple(values[0] if values else inf for _ in percents)
    cuts = quantiles(values, n=100, method="inclusive")
    return tuple(cuts[percent - 1] for percent in percents)
