"""`python -m benchmarks.model_pool`: memory of loaded networks, its return, padding, and where calls are made.

Networks are untrained: their times and sizes do not depend on the weights. Each part of the measurement
that reads memory runs in a process of its own.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from benchmarks.untrained_networks import write_networks
from core.signatures.signature import ModelSignature
from serving.sessions.graph_size import count_nodes, estimate_bytes
from serving.sessions.lanes import Lane
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.memory import wait_for_release
from serving.sessions.threads import LONGEST_INLINE_SECONDS, BatchThreads

MEGABYTE = 1e6
MICROSECONDS = 1e6
BATCH_ROWS = 256
LARGE_BYTES = 100_000_000
NUM_CONNECTIONS = 16
PADDED = ((5, 8), (17, 32), (33, 64), (100, 128))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Memory and calls of networks loaded for prediction.")
    parser.add_argument("--cycles", type=int, default=200, help="loads and unloads of a network; 200 by default")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    parser.add_argument("--cycles-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        _print_memory(Path(arguments.memory_of))
    elif arguments.cycles_of:
        _print_cycles(Path(arguments.cycles_of), arguments.cycles)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _measure_all(Path(folder), arguments.cycles)


def _measure_all(folder: Path, num_cycles: int) -> None:
    paths = write_networks(folder)
    print("Memory of a network, MB; 'batch' is what a call of 256 rows leaves before the heap is trimmed:")
    for path in paths:
        _run_alone("--memory-of", str(path))
    print(f"\nResident memory over {num_cycles} loads and unloads, MB:")
    for path in paths:
        # The largest takes a second to read.
        own = num_cycles if path.stat().st_size < LARGE_BYTES else max(10, num_cycles // 20)
        _run_alone("--cycles-of", str(path), "--cycles", str(own))
    print("\nTime of a call on the processor, as it is and padded to the next power of two, µs:")
    for path in paths:
        if path.stem in {"iris", "mnist-mlp", "mnist-cnn"}:
            _print_padding(path)
    print(f"\n{NUM_CONNECTIONS} clients that each ask again once answered: µs of the event loop's thread for a request")
    for path in paths:
        if path.stem in {"iris", "mnist-mlp", "mnist-cnn"}:
            _print_places(path)


def _run_alone(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "benchmarks.model_pool", *arguments], check=True)


def _print_memory(path: Path) -> None:
    # What a first session takes for onnxruntime itself does not count.
    first = _load(path)
    _run(first, 1)
    copies = 20 if path.stat().st_size < MEGABYTE else 4
    before = _trimmed_bytes()
    models = [_load(path) for _ in range(copies)]
    for model in models:
        _run(model, 1)
    loaded = _trimmed_bytes()
    _run(models[0], 1 if path.stem == "vgg-like" else BATCH_ROWS)
    after_batch = _resident_bytes()
    size = (loaded - before) / copies / MEGABYTE
    print(
        f"  {path.stem:10} file {path.stat().st_size / MEGABYTE:7.3f}  nodes {count_nodes(path):5}  "
        f"memory {size:7.3f}  estimate {estimate_bytes(path) / MEGABYTE:7.3f}  "
        f"batch {(after_batch - loaded) / MEGABYTE:6.1f}"
    )


def _print_cycles(path: Path, num_cycles: int) -> None:
    sizes = []
    started = time.perf_counter()
    for _ in range(num_cycles):
        model = _load(path)
        _run(model, 1)
        del model
        sizes.append(_trimmed_bytes() / MEGABYTE)
    seconds = (time.perf_counter() - started) / num_cycles
    tenth = max(1, num_cycles // 10)
    print(
        f"  {path.stem:10} first {sizes[0]:6.1f} median of the second tenth {median(sizes[tenth : 2 * tenth]):6.1f}  "
        f"of the last {median(sizes[-tenth:]):6.1f}  most {max(sizes):6.1f}  ({seconds * 1000:.1f} ms each)"
    )


def _print_padding(path: Path) -> None:
    model = _load(path)
    for num_rows, padded in PADDED:
        batches = [_make_rows(model, size) for size in (num_rows, padded)]
        first = _time(lambda: model.compute(batches[0]), 1)  # noqa: B023 - called here.
        plain, wide = (_time(lambda: model.compute(batch), 30) for batch in batches)  # noqa: B023 - called here.
        print(
            f"  {path.stem:10} {num_rows:3} rows {plain:7.0f} (first call {first:7.0f})  "
            f"as {padded:3} rows {wide:7.0f}  ratio {wide / plain:.2f}"
        )


def _print_places(path: Path) -> None:
    model = _load(path)
    figures = []
    for name, longest, ask in (
        ("at once", 60.0, _ask_at_once),
        ("in threads", 0.0, _ask_in_batches),
        ("chosen", LONGEST_INLINE_SECONDS, _ask_anywhere),
    ):
        threads = BatchThreads(longest_inline_seconds=longest)
        lane = Lane(model, threads)
        figures.append(f"{name} {asyncio.run(_ask_by_many(lane, ask)):6.1f}")
        threads.close()
    print(f"  {path.stem:10} {'  '.join(figures)}")


async def _ask_by_many(lane: Lane, ask: Callable[[Lane, dict[str, Any]], Any], num_requests: int = 200) -> float:
    inputs = _make_rows(lane.model, 1)

    async def be_client() -> None:
        for _ in range(num_requests):
            await ask(lane, inputs)
            # What a server does meanwhile: it reads and writes.
            await asyncio.sleep(0)

    before = time.thread_time()
    await asyncio.gather(*(be_client() for _ in range(NUM_CONNECTIONS)))
    return (time.thread_time() - before) / num_requests / NUM_CONNECTIONS * MICROSECONDS


async def _ask_at_once(lane: Lane, inputs: dict[str, Any]) -> None:
    lane.run_inline(inputs)


async def _ask_in_batches(lane: Lane, inputs: dict[str, Any]) -> None:
    await lane.run(inputs, 1)


async def _ask_anywhere(lane: Lane, inputs: dict[str, Any]) -> None:
    await lane.answer(inputs, 1)


def _time(call: Callable[[], object], num_calls: int) -> float:
    durations = []
    for _ in range(num_calls):
        start = time.perf_counter()
        call()
        durations.append(time.perf_counter() - start)
    return min(durations) * MICROSECONDS


def _trimmed_bytes() -> int:
    wait_for_release()
    return _resident_bytes()


def _resident_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def _load(path: Path) -> LoadedModel:
    spec = ModelSignature.model_validate_json(path.with_suffix(".json").read_bytes())
    return LoadedModel(path, spec)


def _make_rows(model: LoadedModel, num_rows: int) -> dict[str, Any]:
    shape = (num_rows, *model.signature.input.shape)
    return {"input": np.random.default_rng(0).random(shape, np.float32)}


def _run(model: LoadedModel, num_rows: int) -> None:
    model.run(_make_rows(model, num_rows))


if __name__ == "__main__":
    main()
