"""Measuring processes, a fresh one for each measurement."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measurement import NUM_THREADS, Measurement, Order, read_measurement
from worker.trainer_environments import xla_flags

ROOT = Path(__file__).parents[1]


def measure_stock(spec: dict[str, Any], datasets_dir: Path) -> Measurement:
    """Train with stock Keras in a process of its own."""
    return _measure(Order("stock", spec, str(datasets_dir)), {})


def measure_engine(spec: dict[str, Any], datasets_dir: Path, cache_dir: Path) -> Measurement:
    """Train with our engine in a process of its own, caching plans and compiled programs in `cache_dir`."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    order = Order("engine", spec, str(datasets_dir), str(cache_dir))
    return _measure(order, {"TF_XLA_FLAGS": xla_flags(cache_dir)})


def _measure(order: Order, environment: dict[str, str]) -> Measurement:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.child"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": str(NUM_THREADS), **environment},
        input=order.to_json() + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"Measuring {order.side} {order.spec['name']} failed:\n{process.stderr[-4000:]}")
    return read_measurement(process.stdout.strip().splitlines()[-1])
