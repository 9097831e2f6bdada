"""Rounds of a case: every side is measured once a round, there and back, so that a slow minute meets all of them."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.environments import prepare_environment
from benchmarks.serving.measuring import Measurement, Order, measure
from benchmarks.serving.nets import NetFiles
from benchmarks.serving.ours import start_trainyard
from benchmarks.serving.peers.start import PEER_STARTS, Task
from benchmarks.serving.process_tree import resident_bytes
from benchmarks.serving.results import Turn
from benchmarks.serving.samples import draw_samples, time_network
from benchmarks.serving.servers import SERVER_CORE, Server, pinned
from benchmarks.serving.sides import SIDES, TRAINYARD, Case, Side

MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Times:
    """Number and length of measurements.

    Attributes:
        num_rounds: Rounds for each number of connections.
        warm_seconds: Time before each measurement.
        seconds: Time of each measurement.
    """

    num_rounds: int
    warm_seconds: float
    seconds: float


class CaseRunner:
    """Servers of a case and their measurements.

    Args:
        case: Case to measure.
        sides: Names of the sides to measure.
        nets_dir: Folder of the nets.
        folder: Existing folder, for samples, logs and what servers write.

    Attributes:
        network_us: Microseconds that the network alone takes for a request.
        idle_mb: Resident megabytes of each server before its first prediction.
    """

    def __init__(self, case: Case, sides: Sequence[str], nets_dir: Path, folder: Path) -> None:
        self._case = case
        self._sides = [SIDES[side] for side in sides]
        self._nets_dir = nets_dir
        self._folder = folder
        self._files = NetFiles.of(nets_dir, case.net)
        samples = draw_samples(case.net, case.num_rows, self._files.onnx)
        samples.write(folder)
        self.idle_mb: dict[str, float] = {}
        with pinned(SERVER_CORE):
            self.network_us = 1e6 * time_network(samples, self._files.onnx)

    def run(self, connections: Sequence[int], times: Times) -> Iterator[Turn]:
        """Start the servers, measure every side in turn, and stop them."""
        with ExitStack() as stack:
            names = dict.fromkeys(side.server for side in self._sides)
            servers = {name: stack.enter_context(self._start(name)) for name in names}
            self.idle_mb = {name: resident_bytes(server.pid) / MEGABYTE for name, server in servers.items()}
            for num_connections in connections:
                sides = [side for side in self._sides if num_connections in side.connections]
                for number in range(times.num_rounds):
                    for side in sides[:: -1 if number % 2 else 1]:
                        order = self._order(side, servers[side.server], num_connections, times)
                        yield Turn(self._case.name, side.name, num_connections, number, _measure(side, order))

    def _start(self, name: str) -> AbstractContextManager[Server]:
        folder = self._folder / name
        folder.mkdir()
        if name == TRAINYARD:
            return start_trainyard(self._nets_dir, folder)
        return PEER_STARTS[name](Task(self._files, self._folder, folder))

    def _order(self, side: Side, server: Server, num_connections: int, times: Times) -> Order:
        return Order(
            form=side.form.name if side.form else "",
            model=self._case.net if side.server == TRAINYARD else "net",
            samples=str(self._folder),
            port=server.port if side.form else server.grpc_port,
            server_pid=server.pid,
            headers=server.headers,
            num_connections=num_connections,
            warm_seconds=times.warm_seconds,
            seconds=times.seconds,
        )


def _measure(side: Side, order: Order) -> Measurement:
    if side.form:
        return measure(order, "benchmarks.serving.http_load")
    return measure(order, "benchmarks.serving.peers.grpc_load", str(prepare_environment("mlserver") / "python"))
