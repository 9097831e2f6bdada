"""Measurements, each in a process of its own on the load generator's core.

`python -m benchmarks.serving.measuring` reads an order from standard input and prints a measurement, both as JSON.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from statistics import quantiles

import numpy as np

from benchmarks.processes import ROOT
from benchmarks.serving.load import Generator, Judge, Load
from benchmarks.serving.nets import NETS
from benchmarks.serving.peers.sessions import open_session
from benchmarks.serving.servers import LOAD_CORE, pinned
from benchmarks.serving.sides import CASES, NUM_REQUESTS, SIDES
from benchmarks.serving.wire import make_request

SEED = 13


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure.

    Attributes:
        side: Name of the side.
        case: Name of the case.
        onnx_path: The network, to work out the right answers.
        model: Name of the network in addresses.
        port: Of the server.
        headers: That every request needs.
        num_connections: Number of connections.
        warm_seconds: Time before the measurement.
        seconds: Time of the measurement.
    """

    side: str
    case: str
    onnx_path: str
    model: str
    port: int
    headers: tuple[tuple[str, str], ...]
    num_connections: int
    warm_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What came of an order.

    Attributes:
        throughput: Right answers a second.
        p50_ms: Median latency, milliseconds; infinite without right answers.
        p99_ms: 99th percentile of latencies.
        num_answers: Number of right answers.
        errors: Number of other answers, by kind.
        cpu_share: Share of its core that the load generator used.
    """

    throughput: float
    p50_ms: float
    p99_ms: float
    num_answers: int
    errors: dict[str, int]
    cpu_share: float


def measure(order: Order) -> Measurement:
    """Measure in a new process, on the load generator's core.

    Raises:
        RuntimeError: If it fails; quotes its errors.
    """
    with pinned(LOAD_CORE):
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.serving.measuring"],
            cwd=ROOT,
            input=json.dumps(asdict(order)),
            capture_output=True,
            text=True,
            check=False,
        )
    if process.returncode:
        raise RuntimeError(f"Measuring {order.side} failed:\n{process.stderr[-4000:]}")
    return Measurement(**json.loads(process.stdout))


def summarize(load: Load) -> Measurement:
    """Work out throughput and percentiles of a load."""
    latencies = sorted(1_000 * seconds for seconds in load.latencies)
    cuts = quantiles(latencies, n=100, method="inclusive") if len(latencies) > 1 else 99 * (latencies or [float("inf")])
    num_answers = len(latencies)
    return Measurement(num_answers / load.seconds, cuts[49], cuts[98], num_answers, load.errors, load.cpu_share)


def _carry_out(order: Order) -> Measurement:
    case, form = CASES[order.case], SIDES[order.side].form
    session = open_session(order.onnx_path)
    random = np.random.default_rng(SEED)
    batches = [NETS[case.net].draw(random, case.num_rows) for _ in range(NUM_REQUESTS)]
    expected = [session.run(None, {session.get_inputs()[0].name: rows})[0] for rows in batches]
    requests = [make_request(form, order.model, rows, order.headers) for rows in batches]
    generator = Generator(order.port, requests, order.num_connections, Judge(expected, form.decode))
    return summarize(generator.run(order.warm_seconds, order.seconds))


def main() -> None:
    """Carry out the order on standard input."""
    document = json.load(sys.stdin)
    headers = tuple((name, value) for name, value in document.pop("headers"))
    print(json.dumps(asdict(_carry_out(Order(**document, headers=headers)))))


if __name__ == "__main__":
    main()
