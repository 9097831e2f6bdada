"""Measure the memory of training on uploads of growing size: bounded, and with all data in memory.

Each run is a process of its own with a memory limit: data that does not fit into its share is stored in files and read
batch by batch. Measured is memory without a file behind it (RssAnon in proc(5)); the system can reclaim pages of mapped
files.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter
from typing import Any

from benchmarks.processes import ROOT
from core.run_report import EngineReport
from core.uploads.folder import DatasetFolder

MEBIBYTE = 1024 * 1024
NUM_COLUMNS = 63
BYTES_PER_ROW = 4 * (NUM_COLUMNS + 1)
BATCH_SIZE = 1024
IMAGE_SHAPE = (128, 128, 3)
BYTES_PER_IMAGE = 128 * 128 * 3
IMAGES_PER_BATCH = 32
NUM_FILES = 64
"""Number of distinct images; the samples refer to them."""
MOST_STEPS = 2000
LOOKS_A_SECOND = 50


@dataclass(frozen=True, slots=True)
class Result:
    """Memory and time of one run.

    Attributes:
        data_mebibytes: Size of the samples, as the network takes them.
        is_bounded: True if the run had a low memory limit.
        peak_mebibytes: Peak memory without a file behind it, including TensorFlow's own.
        idle_mebibytes: Memory before any data was read.
        seconds: Time from the first read to the saved model.
        plan: Execution plan.
    """

    data_mebibytes: int
    is_bounded: bool
    peak_mebibytes: int
    idle_mebibytes: int
    seconds: float
    plan: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, and optionally write it to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="128,512,2048", help="MiB of samples, separated by commas")
    parser.add_argument("--kind", choices=("table", "images"), default="table", help="what to train on")
    parser.add_argument("--memory", type=int, default=1024, help="memory limit of the bounded runs, in MiB")
    parser.add_argument(
        "--most-loaded", type=int, default=2048, help="MiB up to which all data is also loaded, to compare"
    )
    parser.add_argument("--output", type=Path, help="file to write the results to, as JSON")
    parser.add_argument("--child", nargs=3, metavar=("FOLDER", "MIB", "MEMORY"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        folder, size, memory = given.child
        print(json.dumps(asdict(_train(given.kind, Path(folder), int(size), int(memory)))))
        return
    results = []
    for size in map(int, given.sizes.split(",")):
        with TemporaryDirectory(prefix="trainyard-streaming-", dir=ROOT) as folder:
            if given.kind == "images":
                _write_images(Path(folder), _num_images(size))
            else:
                _write_table(Path(folder), _num_rows(size))
            for memory in (given.memory, 0):
                if memory or size <= given.most_loaded:
                    results.append(_measure(given.kind, Path(folder), size, memory))
                    _print(results[-1])
    if given.output:
        given.output.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n", encoding="utf-8")


def _num_rows(mebibytes: int) -> int:
    return mebibytes * MEBIBYTE // BYTES_PER_ROW


def _num_images(mebibytes: int) -> int:
    return mebibytes * MEBIBYTE // BYTES_PER_IMAGE


def _print(result: Result) -> None:
    kind = "bounded" if result.is_bounded else "loaded "
    over = result.peak_mebibytes - result.idle_mebibytes
    print(
        f"{result.data_mebibytes:6} MiB {kind}: {over:6} MiB over the {result.idle_mebibytes} MiB of an idle trainer, "
        f"{result.seconds:6.1f} s, plan {result.plan}",
        flush=True,
    )


def _measure(kind: str, folder: Path, size: int, memory: int) -> Result:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.streaming", "--kind", kind, "--child", str(folder), str(size), str(memory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"Training on {size} MiB failed:\n{process.stderr[-4000:]}")
    return Result(**json.loads(process.stdout.strip().splitlines()[-1]))


def _write_table(folder: Path, num_rows: int) -> None:
    """Write a table of numbers, booleans and a target that depends on them, as ingestion does."""
    import duckdb  # noqa: PLC0415 - the measuring child does not load it before it reads.

    from core.uploads.description import ColumnDescription, DescriptionFile, TableDescription  # noqa: PLC0415 - as above

    place = _folder(folder)
    place.path.mkdir(parents=True)
    columns = ", ".join(f"round(random(), 3) AS x{number}" for number in range(NUM_COLUMNS - 1))
    with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(folder)}) as connection:
        connection.execute(
            f"COPY (SELECT *, 2 * x0 - x1 AS y FROM (SELECT {columns}, random() < 0.5 AS flag "  # noqa: S608 - numbers.
            f"FROM range({num_rows}))) TO '{place.table}' (FORMAT parquet)"
        )
    described = [
        *(
            ColumnDescription(name=f"x{n}", type="number", num_missing=0, num_distinct=1001)
            for n in range(NUM_COLUMNS - 1)
        ),
        ColumnDescription(name="flag", type="boolean", num_missing=0, num_distinct=2),
        ColumnDescription(name="y", type="number", num_missing=0, num_distinct=3000),
    ]
    description = TableDescription(num_rows=num_rows, columns=tuple(described))
    place.description.write_text(DescriptionFile(format="parquet", description=description).model_dump_json())


def _write_images(folder: Path, num_images: int) -> None:
    """Write JPEG files of noise in two classes, as ingestion does."""
    import numpy as np  # noqa: PLC0415 - as above
    from PIL import Image  # noqa: PLC0415 - as above

    from core.uploads.description import DescriptionFile, ImagesDescription, ValueCount  # noqa: PLC0415 - as above
    from core.uploads.folder import IMAGE_RECORD  # noqa: PLC0415 - as above

    place = _folder(folder)
    place.path.mkdir(parents=True)
    random = np.random.default_rng(0)
    files = []
    with place.image_bytes.open("wb") as out:
        for _ in range(NUM_FILES):
            offset = out.tell()
            Image.fromarray(random.integers(0, 256, IMAGE_SHAPE, np.uint8)).save(out, "JPEG")
            files.append((offset, out.tell() - offset))
    records = np.empty(num_images, np.dtype(IMAGE_RECORD))
    offsets, lengths = np.array(files).T
    records["offset"], records["num_bytes"] = (
        column[np.arange(num_images) % NUM_FILES] for column in (offsets, lengths)
    )
    records["height"], records["width"], records["split"] = *IMAGE_SHAPE[:2], -1
    records["label"] = np.arange(num_images) % 2
    np.save(place.image_records, records)
    description = ImagesDescription(
        num_images=num_images,
        classes=tuple(ValueCount(value=f"class {n}", count=(num_images + 1 - n) // 2) for n in range(2)),
        least_height=IMAGE_SHAPE[0],
        greatest_height=IMAGE_SHAPE[0],
        least_width=IMAGE_SHAPE[1],
        greatest_width=IMAGE_SHAPE[1],
        num_grey=0,
    )
    place.description.write_text(DescriptionFile(format="zip", description=description).model_dump_json())


def _folder(folder: Path) -> DatasetFolder:
    return DatasetFolder.of(folder, "0" * 64)


def _train(kind: str, folder: Path, size: int, memory: int) -> Result:
    """Train on the upload in this process with this memory limit in MiB; 0 for no limit."""
    from core.experiment import parse_spec  # noqa: PLC0415 - as above
    from models import training  # noqa: PLC0415 - TensorFlow counts as idle memory.
    from models.arrays import storage  # noqa: PLC0415 - as above
    from models.fit import arrays  # noqa: PLC0415 - as above

    usable = memory * MEBIBYTE or 1 << 50
    for module, name in ((storage, "usable_memory_bytes"), (arrays, "device_memory_bytes")):
        setattr(module, name, lambda: usable)
    reporter = _Reporter()
    spec = parse_spec(_image_spec(_num_images(size)) if kind == "images" else _spec(_num_rows(size)))
    idle = _anonymous_mebibytes()
    started = perf_counter()
    with _watch() as peaks, TemporaryDirectory(dir=folder) as output:
        cache_dir = Path(output) / "cache"
        training.train(spec, datasets_dir=folder, output_dir=Path(output), cache_dir=cache_dir, reporter=reporter)
    return Result(size, bool(memory), max(peaks), idle, perf_counter() - started, reporter.plan)


def _spec(num_rows: int) -> dict[str, object]:
    steps = min(MOST_STEPS, num_rows // BATCH_SIZE)
    return {
        "name": "streaming",
        "dataset": {
            "name": "table", "dataset": "rows", "version": 1, "sha256": "0" * 64, "target": "y",
            "split": {"validation": 0.05, "test": 0.05},
        },
        "model": {"kind": "mlp", "layers": [{"units": 64, "activation": "relu"}, {"units": 1}]},
        "training": {"optimizer": "adam", "loss": "mse", "batch_size": BATCH_SIZE, "steps": steps},
    }  # fmt: skip


def _image_spec(num_images: int) -> dict[str, object]:
    return {
        "name": "streaming",
        "dataset": {
            "name": "images", "dataset": "noise", "version": 1, "sha256": "0" * 64,
            "split": {"validation": 0.05, "test": 0.05},
        },
        "model": {
            "kind": "cnn",
            "layers": [
                {"type": "conv2d", "filters": 4, "kernel_size": 8, "strides": 8, "activation": "relu"},
                {"type": "dense", "units": 2, "activation": "softmax"},
            ],
        },
        "training": {
            "optimizer": "adam", "loss": "sparse_categorical_crossentropy", "batch_size": IMAGES_PER_BATCH,
            "steps": min(MOST_STEPS, num_images // IMAGES_PER_BATCH),
        },
    }  # fmt: skip


class _Reporter:
    """Reporter that records the plan."""

    plan = ""

    def progress(self, progress: Any) -> None: ...

    def metrics(self, batches: Any) -> None: ...

    def details(self, **details: Any) -> None: ...

    def phase(self, phase: Any) -> None: ...

    def warnings(self, notices: Any) -> None: ...

    def checkpoint(self, saved: Any) -> None: ...

    def checkpoint_failed(self, reason: str) -> None: ...

    def engine(self, engine: EngineReport) -> None:
        self.plan = engine.plan

    def should_stop(self) -> bool:
        return False


@contextmanager
def _watch() -> Iterator[list[int]]:
    """Sample this process's memory until the end of the block."""
    seen = [_anonymous_mebibytes()]
    is_over = Event()

    def look() -> None:
        while not is_over.wait(1 / LOOKS_A_SECOND):
            seen.append(_anonymous_mebibytes())

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join()


def _anonymous_mebibytes() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("/proc/self/status has no RssAnon. Run the benchmark on Linux.")


if __name__ == "__main__":
    main()
