"""A trainer that sends points as fast as its supervisor takes them, on the core of the load: `ingest.py` starts it."""

import os
import sys

from benchmarks.records.samples import KEY, draw_samples
from core.progress import MetricBatch
from core.system.parent_watch import die_with_parent
from worker.messages import Finished, Message, MetricsReport, Ready, TrainCommand, read_command

CORE_VARIABLE = "RECORDS_LOAD_CORE"
REPORTED_AT_ONCE = 1_000


def main() -> None:
    """Answer commands until standard input ends."""
    die_with_parent(int(sys.argv[1]))
    if core := os.environ.get(CORE_VARIABLE):
        os.sched_setaffinity(0, {int(core)})
    _send(Ready(start_seconds=0.01))
    for line in sys.stdin.buffer:
        command = read_command(line)
        if isinstance(command, TrainCommand):
            _train(command)


def _train(command: TrainCommand) -> None:
    num_points, num_curves = int(command.spec["num_points"]), int(command.spec["num_curves"])
    count = REPORTED_AT_ONCE // num_curves
    for first in range(1, num_points // num_curves + 1, count):
        batches = []
        for curve in range(num_curves):
            points = draw_samples(first, count, curve)
            batches.append(MetricBatch(f"{KEY}/{curve}", points.steps, points.values, points.times))
        _send(MetricsReport(batches=tuple(batches)))
    _send(Finished(files=(), final_metrics={}, phases={}, memory_bytes=1))


def _send(message: Message) -> None:
    sys.stdout.buffer.write(message.to_line())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
