import pytest

from benchmarks.serving.measuring import Measurement
from benchmarks.serving.results import Results, Turn


@pytest.fixture
def make_turn():
    def make(side, *, number=0, case="iris", connections=1, throughput=100.0, p50=1.0, p99=2.0, errors=None):
        server_us = 1e6 / throughput if throughput else float("inf")
        found = Measurement(throughput, p50, p99, 1_000, errors or {}, 0.5, server_us)
        return Turn(case, side, connections, number, found)

    return make


@pytest.fixture
def make_results():
    def make(*turns, network_us=20.0, idle_mb=140.0):
        memory = {"trainyard": idle_mb, "mlserver": 160.0}
        return Results("2 cores", 1.0, dict.fromkeys([turn.case for turn in turns], network_us), memory, turns)

    return make
