"""`python -m mutants [PATH …]`: put faults into modules, one at a time, and count those that their tests catch."""

import argparse
import difflib
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from mutants.faults import Fault, draw_faults
from mutants.warm import Job, Outcome, import_libraries, run_jobs

TABLE = Path(__file__).with_name("modules.toml")

MOST = 40
"""Faults drawn for each module, unless all are asked for."""


PROGRESS_EVERY = 50


def main() -> None:
    """Run, print each fault that is left as a diff, and at the end the table of modules."""
    arguments = _read_arguments()
    tests = _choose_modules(arguments.paths)
    faults = {path: draw_faults(path, None if arguments.all else arguments.most) for path in tests}
    print(f"{sum(map(len, faults.values()))} faults in {len(faults)} modules", flush=True)
    import_libraries()
    for job, _outcome in run_jobs([Job(None, own) for own in sorted({*tests.values()})], arguments.processes):
        print(f"pass without faults: {' '.join(job.tests)}", flush=True)
    counts: dict[Path, Counter[Outcome]] = {path: Counter() for path in tests}
    jobs = [Job(fault, tests[path]) for path, drawn in faults.items() for fault in drawn]
    try:
        for number, (job, outcome) in enumerate(run_jobs(jobs, arguments.processes), start=1):
            if number % PROGRESS_EVERY == 0:
                print(f"{number} of {len(jobs)}", flush=True)
            if job.fault is None:
                continue
            counts[job.fault.path][outcome] += 1
            if outcome is Outcome.LEFT:
                print(_show(job.fault), flush=True)
    finally:
        # Also of a run that is interrupted.
        _print_table(counts)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", help="modules, or folders of them; all in modules.toml if none is named")
    parser.add_argument("--most", type=int, default=MOST, help="faults drawn for each module (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="every fault of each module")
    parser.add_argument("--processes", type=int, default=2, help="at the same time (default: %(default)s)")
    return parser.parse_args()


def _choose_modules(asked: Sequence[str]) -> dict[Path, tuple[str, ...]]:
    """Return the tests of each module that was asked for, in the order of modules.toml."""
    chosen: dict[Path, tuple[str, ...]] = {}
    for group in tomllib.loads(TABLE.read_text())["groups"]:
        for pattern in group["modules"]:
            for path in sorted(Path().glob(pattern)):
                if path.name != "__init__.py":
                    chosen.setdefault(path, tuple(group["tests"]))
    if asked:
        wanted = [name.rstrip("/") for name in asked]
        chosen = {
            path: tests
            for path, tests in chosen.items()
            if any(fnmatch(str(path), name) or path.is_relative_to(name) for name in wanted)
        }
    if not chosen:
        sys.exit(f"None of {', '.join(asked)} is among the modules of {TABLE.name}. Name others, or add them there.")
    return chosen


def _show(fault: Fault) -> str:
    before = fault.path.read_text().splitlines()
    changed = difflib.unified_diff(before, fault.code.splitlines(), lineterm="", n=0)
    lines = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
    return "\n".join([f"left: {fault.path}:{fault.line} {fault.operator}", *lines])


def _print_table(counts: dict[Path, Counter[Outcome]]) -> None:
    print(
        "\n| module | faults | caught | of these at import | left | caught % |\n| --- | --- | --- | --- | --- | --- |"
    )
    total: Counter[Outcome] = sum(counts.values(), Counter())
    for name, found in [*((str(path), count) for path, count in counts.items()), ("all", total)]:
        number, left = found.total(), found[Outcome.LEFT]
        share = f"{100 * (number - left) / number:.0f}" if number else "–"
        at_import = found[Outcome.CAUGHT_AT_IMPORT]
        print(f"| {name} | {number} | {number - left} | {at_import} | {left} | {share} |")


if __name__ == "__main__":
    main()
