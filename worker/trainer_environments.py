"""Environment variables of trainers: accelerators, threads and XLA's cache, found without importing TensorFlow."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.settings import Settings
from core.system.machine import usable_processors
from worker.messages import HOLDS_VARIABLE

NVIDIA_DEVICE = re.compile(r"nvidia\d+")
DEVICE_TYPES = "CPU,GPU,XLA_CPU_JIT,XLA_GPU_JIT"

DEVICES_VARIABLE = "CUDA_VISIBLE_DEVICES"
NO_DEVICES = "-1"


@dataclass(frozen=True, slots=True)
class SpareEnvironment:
    """Environment variables of a trainer that can take the place of any of some trainers.

    Attributes:
        holds: True if it waits for the rest of its variables before it looks for devices.
    """

    variables: dict[str, str]
    holds: bool


def visible_gpus() -> tuple[str, ...]:
    """Return the GPUs this process may use, as CUDA_VISIBLE_DEVICES names them; () if there are none."""
    chosen = os.environ.get(DEVICES_VARIABLE)
    if chosen is not None:
        # CUDA itself stops at the first -1.
        named = [name.strip() for name in chosen.split(",")]
        return tuple(named[: named.index(NO_DEVICES)] if NO_DEVICES in named else [name for name in named if name])
    devices = sorted(path.name for path in Path("/dev").glob("nvidia*") if NVIDIA_DEVICE.fullmatch(path.name))
    return tuple(str(number) for number in range(len(devices)))


def trainer_environments(settings: Settings) -> tuple[dict[str, str], ...]:
    """Return the environment variables of each trainer of this worker: its devices and its share of the processors."""
    gpus = visible_gpus()
    shares = [
        gpus[first : first + settings.gpus_per_trainer] for first in range(0, len(gpus), settings.gpus_per_trainer)
    ]
    num_trainers = settings.trainers or max(1, len(shares))
    num_threads = max(1, usable_processors() // num_trainers)
    return tuple(
        {
            DEVICES_VARIABLE: ",".join(shares[slot % len(shares)]) if shares else NO_DEVICES,
            "TRAINYARD_TRAINER_THREADS": str(num_threads),
            "OMP_NUM_THREADS": str(num_threads),
            "TF_XLA_FLAGS": xla_flags(settings.cache_dir),
        }
        for slot in range(num_trainers)
    )


def spare_environment(environments: Sequence[dict[str, str]]) -> SpareEnvironment:
    """Return the environment of a spare for trainers with these ones, of which there is at least one.

    Without GPUs all of them are alike, and a spare can warm up in full. With GPUs it must not touch any: they belong to
    trainers that are running.
    """
    first = environments[0]
    common = {name: value for name, value in first.items() if all(one.get(name) == value for one in environments)}
    holds = common != first or first.get(DEVICES_VARIABLE, NO_DEVICES) != NO_DEVICES
    if holds:
        common.pop(DEVICES_VARIABLE, None)
        common[HOLDS_VARIABLE] = "1"
    return SpareEnvironment(common, holds)


def xla_flags(cache_dir: Path) -> str:
    """Return TF_XLA_FLAGS for a trainer: those of this process, and the cache folder of compiled programs.

    A program is machine code for the processor that compiled it, so machines with different processors that share the
    data directory have folders of their own. A new TensorFlow cannot use old programs either.
    """
    kind = sha256(f"{_tensorflow_version()} {platform.machine()} {_processor_features()}".encode()).hexdigest()[:16]
    folder = cache_dir / "xla" / kind
    ours = f"--tf_xla_persistent_cache_directory='{folder}' --tf_xla_persistent_cache_device_types={DEVICE_TYPES}"
    return " ".join(filter(None, (os.environ.get("TF_XLA_FLAGS"), ours)))


def _tensorflow_version() -> str:
    # Without importing it, which takes seconds; the package is published under two names.
    try:
        return version("tensorflow-cpu")
    except PackageNotFoundError:
        return version("tensorflow")


def _processor_features() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()  # Not Linux.
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
