"""`python -m faults`: try every fault of the matrix on real services, and print what became of their runs."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from faults.backends import BACKENDS
from faults.fault import Fault
from faults.kinds.matrix import MATRIX
from faults.running import Row, run
from faults.table import make_document, make_table

MINUTES = 30.0


def main() -> int:
    """Run the command line.

    Returns:
        1 if a run was lost, doubled or damaged, or a fault could not be tried; else 0.
    """
    # As Ctrl-C does, so that the processes of services are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = _read_arguments()
    faults = _choose(given.only)
    rows: dict[tuple[str, str], Row] = {
        (fault.name, backend): Row(fault.name, backend)
        for fault in faults
        for backend in given.backends
        if backend in fault.backends
    }
    try:
        for row in run(faults, given.backends, given.minutes * 60, seed=given.seed, most_trials=given.trials):
            rows[row.fault, row.backend] = row
            print(_describe(row), flush=True)
    finally:
        # Also of a run that is interrupted.
        print(f"\n{make_table(list(rows.values()), faults)}\n")
        if given.json is not None:
            given.json.write_text(json.dumps(make_document(list(rows.values()), faults), indent=2) + "\n")
    wrong = [row for row in rows.values() if not row.is_right]
    for row in wrong:
        print(f"{row.fault} on {row.backend}: {'; '.join(row.complaints) or 'not tried, there was no time'}")
    return int(bool(wrong))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="time to take (default: %(default)g)")
    parser.add_argument("--only", type=_split, default=(), help=f"faults: {', '.join(one.name for one in MATRIX)}")
    parser.add_argument("--backends", type=_split, default=BACKENDS, help=f"of {', '.join(BACKENDS)} (default: all)")
    parser.add_argument("--trials", type=int, help="most trials of each fault (default: what there is time for)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments of faults (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="file for the results")
    given = parser.parse_args()
    if unknown := set(given.backends) - set(BACKENDS):
        parser.error(f"There is no backend {', '.join(unknown)}. Name some of {', '.join(BACKENDS)}.")
    return given


def _choose(names: Sequence[str]) -> list[Fault]:
    known = {fault.name: fault for fault in MATRIX}
    if unknown := set(names) - set(known):
        sys.exit(f"There is no fault {', '.join(unknown)}. Name some of {', '.join(known)}.")
    return [fault for fault in MATRIX if not names or fault.name in names]


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _describe(row: Row) -> str:
    last = f", recovery {row.recovery_seconds[-1]:.1f} s" if row.recovery_seconds else ""
    wrong = f" WRONG: {row.complaints[-1]}" if row.complaints else ""
    return f"{row.backend} {row.fault}: trial {row.num_trials}, {row.num_runs} runs{last}{wrong}"


if __name__ == "__main__":
    sys.exit(main())
