"""`python -m benchmarks.ingest`: reading uploads, against pandas and polars.

Each side reads the same file in a process of its own, in turns. Ours does what an upload does: it checks every byte,
finds the types, writes a Parquet file (images: an array) and describes every column, within the memory of the service.
pandas and polars only load the file; nothing of theirs is checked, written or described. Images have no counterpart
there: Pillow alone decodes them.

Measured are processor seconds, since they hardly depend on what else the machine does, and the peak memory of the
process. Bar: 100 MB of CSV a minute of one processor, within 512 MiB.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from benchmarks.ingest_files import FILES, write_file
from benchmarks.processes import ROOT

MIB = 1024 * 1024
MEMORY_BYTES = 512 * MIB
"""Memory of an ingestion, the default of the service."""
SIDES = ("trainyard", "pandas", "polars", "pillow")
HEADINGS = ("file", "MB", "side", "cpu s", "MB a cpu minute", "rows a cpu s", "peak MiB", "cpu, ours/theirs")


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a file.

    Attributes:
        num_rows: Rows or images read.
        cpu_seconds: Processor time of all threads.
        peak_mebibytes: Peak memory of the process, imports included.
    """

    num_rows: int
    cpu_seconds: float
    peak_mebibytes: float


def main() -> None:
    """Measure, and print a table; or be the measured process."""
    parser = argparse.ArgumentParser(description="Reading uploads against pandas and polars.")
    parser.add_argument("--files", default=",".join(FILES), help="kinds of files, separated by commas")
    parser.add_argument("--megabytes", type=int, default=200, help="size of each file")
    parser.add_argument("--rounds", type=int, default=3, help="rounds for each file")
    parser.add_argument("--output", type=Path, help="file to write the results to, as JSON")
    parser.add_argument("--child", nargs=3, metavar=("SIDE", "FILE", "PATH"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        side, kind, path = given.child
        print(json.dumps(asdict(_read(side, kind, Path(path)))))
        return
    if unknown := sorted(set(given.files.split(",")) - set(FILES)):
        parser.error(f"Unknown file {', '.join(unknown)}. Choose from {', '.join(FILES)}.")
    rows: list[tuple[str, ...]] = []
    for kind in given.files.split(","):
        with TemporaryDirectory(prefix="trainyard-ingest-") as folder:
            path = Path(folder) / "original"
            write_file(kind, path, given.megabytes)
            readings = _compare(kind, path, given.rounds)
            rows += _tabulate(kind, path.stat().st_size / 1e6, readings)
            _print(rows[-len(readings) :], with_headings=len(rows) == len(readings))
    if given.output:
        given.output.write_text(json.dumps([dict(zip(HEADINGS, row, strict=True)) for row in rows], indent=1) + "\n")


def _compare(kind: str, path: Path, num_rounds: int) -> dict[str, list[Reading]]:
    readings: dict[str, list[Reading]] = {side: [] for side in SIDES if side in FILES[kind].sides}
    for _ in range(num_rounds):
        for side, found in readings.items():
            found.append(_measure(side, kind, path))
    return readings


def _measure(side: str, kind: str, path: Path) -> Reading:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", "--child", side, kind, str(path)],
        cwd=ROOT,
        # Idle threads of polars spin, which would count as work.
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"Reading {kind} with {side} failed:\n{process.stderr[-4000:]}")
    return Reading(**json.loads(process.stdout.strip().splitlines()[-1]))


def _read(side: str, kind: str, path: Path) -> Reading:
    """Read a file in this process. Imports come before the clock starts."""
    read = {"trainyard": _ours, "pandas": _pandas, "polars": _polars, "pillow": _pillow}[side](kind, path)
    before = process_time()
    num_rows = read()
    return Reading(num_rows, process_time() - before, _peak_mebibytes())


def _peak_mebibytes() -> float:
    """Return the peak resident set of this process (proc(5)); getrusage would count that of its parent before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / MIB


def _ours(kind: str, path: Path) -> Callable[[], int]:  # noqa: ARG001 - the file tells.
    from core.uploads.description import ImagesDescription, TableDescription  # noqa: PLC0415 - only this side's imports.
    from ingest.intake import take_in  # noqa: PLC0415
    from ingest.limits import Limits  # noqa: PLC0415

    def read() -> int:
        with TemporaryDirectory(prefix="upload-", dir=path.parent) as folder:
            (Path(folder) / "original").hardlink_to(path)
            description = take_in(Path(folder), Limits(1 << 40, MEMORY_BYTES, 1 << 20)).description
        if isinstance(description, TableDescription):
            return description.num_rows
        if isinstance(description, ImagesDescription):
            return description.num_images
        raise TypeError(f"Expected a table or images; got {description.kind}.")

    return read


def _pandas(kind: str, path: Path) -> Callable[[], int]:
    import pandas as pd  # noqa: PLC0415 - only in this side's process.

    return lambda: len(pd.read_csv(path) if kind != "xlsx" else pd.read_excel(path))


def _polars(kind: str, path: Path) -> Callable[[], int]:
    import polars as pl  # noqa: PLC0415 - only in this side's process.

    if kind == "parquet":
        return lambda: len(pl.read_parquet(path))
    # By default polars looks at 100 rows for the types, and a word for a missing number is an error.
    return lambda: len(pl.read_csv(path, null_values=["NA"]))


def _pillow(kind: str, path: Path) -> Callable[[], int]:  # noqa: ARG001 - images alone.
    import zipfile  # noqa: PLC0415 - only in this side's process.

    from PIL import Image  # noqa: PLC0415

    def read() -> int:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".png")]
            for name in names:
                with archive.open(name) as file, Image.open(file) as image:
                    image.load()
        return len(names)

    return read


def _tabulate(kind: str, megabytes: float, readings: dict[str, list[Reading]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for side, found in readings.items():
        seconds = median(reading.cpu_seconds for reading in found)
        ratio = median(
            ours.cpu_seconds / theirs.cpu_seconds for ours, theirs in zip(readings["trainyard"], found, strict=True)
        )
        rows.append(
            (
                kind,
                f"{megabytes:.0f}",
                side,
                f"{seconds:.2f}",
                f"{60 * megabytes / seconds:,.0f}",
                f"{found[0].num_rows / seconds:,.0f}",
                f"{max(reading.peak_mebibytes for reading in found):,.0f}",
                "" if side == "trainyard" else f"{ratio:.2f}",
            )
        )
    return rows


def _print(rows: Sequence[tuple[str, ...]], *, with_headings: bool) -> None:
    if with_headings:
        print("| " + " | ".join(HEADINGS) + " |\n|" + "---|" * len(HEADINGS))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
