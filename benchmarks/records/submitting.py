"""Rate and times of submitting a run, and of creating one in MLflow."""

import json
from collections.abc import Sequence

from benchmarks.records.exchange import Exchange
from benchmarks.records.results import Results, Row
from benchmarks.records.servers import Ours, Theirs
from benchmarks.records.sizes import Sizes
from benchmarks.serving.judging import Head
from benchmarks.serving.load import Generator, Load
from benchmarks.serving.servers import LOAD_CORE, Server, pinned
from core.catalogue.presets import get_preset

PRESET = "iris-keras"
NUM_SPECS = 500
NUM_CONNECTIONS = (1, 8)
WARM_SECONDS = 0.5
NOTE = (
    "Ours checks a whole spec, stores it with what finds it, and queues the run; theirs inserts a run with one tag and "
    "no parameters. Neither sends an Idempotency-Key."
)


class StatusJudge:
    """Takes every answer with a status for right."""

    def __init__(self, status: int) -> None:
        self._status = status

    def find_error(
        self,
        number: int,  # noqa: ARG002 - as of other judges
        head: Head,
        body: bytes,
    ) -> str | None:
        """Return the kind of error; None for the status of success."""
        return None if head.status == self._status else f"status {head.status}, such as {body[:200]!r}"


def post(path: str, body: str) -> bytes:
    """Return a whole HTTP request."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def measure_submitting(results: Results, ours: Ours, theirs: Theirs | None, sizes: Sizes) -> None:
    """Send as many as the server takes, in turns."""
    spec = get_preset(PRESET).spec_json(None)
    bodies = [{"spec": spec | {"seed": seed}, "tags": {"number": str(seed)}} for seed in range(NUM_SPECS)]
    create = {"experiment_id": "0", "start_time": 1_790_000_000_000, "tags": [{"key": "number", "value": "1"}]}
    sides: list[tuple[Server, Sequence[bytes], int]] = [
        (ours.server, [post("/v1/runs", json.dumps(body)) for body in bodies], 202)
    ]
    if theirs is not None:
        sides.append((theirs.server, [post("/api/2.0/mlflow/runs/create", json.dumps(create))], 200))
    num_answers = 0
    for num_connections in NUM_CONNECTIONS:
        loads: list[list[Load]] = [[] for _ in sides]
        for _ in range(sizes.num_rounds):
            for (server, requests, status), measured in zip(sides, loads, strict=True):
                generator = Generator(server.port, requests, num_connections, StatusJudge(status), server.pid)
                with pinned(LOAD_CORE):
                    measured.append(generator.run(WARM_SECONDS, sizes.seconds))
        _add_rows(results, num_connections, loads)
        num_answers += sum(len(load.latencies) for load in loads[0])
    exchange = Exchange(ours.server.port)
    num_stored = json.loads(exchange.ask("GET", "/v1/runs?limit=1&count=true")[1])["total"]
    exchange.close()
    if num_stored < num_answers:
        results.errors.append(f"{num_answers:,} runs were accepted, and {num_stored:,} are stored.")


def _add_rows(results: Results, num_connections: int, loads: Sequence[Sequence[Load]]) -> None:
    name = f"{num_connections} connection{'s' if num_connections > 1 else ''}"
    rates = [tuple(len(load.latencies) / load.seconds for load in side) for side in loads]
    tails = [tuple(1e3 * quantile(load.latencies, 0.99) for load in side) for side in loads]
    server = [tuple(1e6 * load.server_seconds / max(len(load.latencies), 1) for load in side) for side in loads]
    for key, title, unit, sides in (
        (f"submit/{num_connections}", f"submit, {name}", "runs/s", rates),
        (f"submit-p99/{num_connections}", f"submit, {name}: p99", "ms", tails),
        (f"submit-server/{num_connections}", f"submit, {name}: server's processor time", "µs/run", server),
    ):
        their = sides[1] if len(sides) > 1 else ()
        results.rows.append(Row(key, title, unit, sides[0], their, more_is_better=unit == "runs/s", note=NOTE))
    for side, measured in zip(("trainyard", "mlflow"), loads, strict=False):
        for load in measured:
            results.errors += [f"submit, {side}, {name}: {count} × {kind}" for kind, count in load.errors.items()]


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile; of few values the greatest."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if len(values) else float("inf")
