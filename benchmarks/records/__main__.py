"""`python -m benchmarks.records`: measure what was chosen, and print the tables."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.records.curves import measure_curves
from benchmarks.records.events import measure_events
from benchmarks.records.growth import measure_growth
from benchmarks.records.ingest import measure_ingest
from benchmarks.records.lists import measure_idle, measure_lists
from benchmarks.records.report import write_report
from benchmarks.records.results import Results
from benchmarks.records.servers import Theirs, serve_mlflow, serve_ours
from benchmarks.records.sizes import Arguments, read_arguments
from benchmarks.records.submitting import measure_submitting
from benchmarks.serving.process_tree import resident_bytes
from benchmarks.serving.servers import end_servers_on_sigterm

IDLE_SECONDS = 3.0
"""Until a server has started what it starts after its first answer."""


def main(command_line: Sequence[str] | None = None) -> None:
    """Measure and print; the result file is written again after each claim."""
    arguments = read_arguments(command_line)
    python = ".".join(str(part) for part in sys.version_info[:3])
    results = Results(f"{os.cpu_count()} cores, Python {python}", arguments.sizes.num_rounds)
    with TemporaryDirectory(prefix="trainyard-records-") as name:
        for claim in arguments.claims:
            began = time.perf_counter()
            folder = Path(name) / claim
            folder.mkdir()
            _measure(claim, results, arguments, folder)
            print(f"{claim}: {time.perf_counter() - began:.0f} s", flush=True)
            if arguments.output:
                results.write(arguments.output)
    print(f"\n{write_report(results)}")


def _measure(claim: str, results: Results, arguments: Arguments, folder: Path) -> None:
    sizes = arguments.sizes
    if claim == "growth":
        measure_growth(results, sizes, folder)
        return
    has_peer = arguments.has_peer and claim != "events"
    with serve_ours(folder / "trainyard") as ours, _serve_peer(folder / "mlflow", has_peer=has_peer) as theirs:
        match claim:
            case "submit":
                time.sleep(IDLE_SECONDS)
                their_idle = None if theirs is None else resident_bytes(theirs.server.pid) / 1e6
                measure_idle(results, resident_bytes(ours.server.pid) / 1e6, their_idle)
                measure_submitting(results, ours, theirs, sizes)
            case "ingest":
                measure_ingest(results, theirs, sizes, folder)
            case "curves":
                measure_curves(results, ours, theirs, sizes)
            case "lists":
                measure_lists(results, ours, theirs, sizes)
            case _:
                measure_events(results, ours, sizes)


@contextmanager
def _serve_peer(folder: Path, *, has_peer: bool) -> Iterator[Theirs | None]:
    if not has_peer:
        yield None
        return
    with serve_mlflow(folder) as theirs:
        yield theirs


if __name__ == "__main__":
    end_servers_on_sigterm()
    main()
