"""Which accelerators this machine has, found without importing TensorFlow."""

import os
import re
from pathlib import Path

from core.settings import Settings
from core.system.machine import usable_processors
from worker.compiled_programs import xla_flags

NVIDIA_DEVICE = re.compile(r"nvidia\d+")


def visible_gpus() -> tuple[str, ...]:
    """The GPUs this process may use, as CUDA_VISIBLE_DEVICES names them; () where there are none."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        # CUDA itself stops at the first -1.
        named = [name.strip() for name in chosen.split(",")]
        return tuple(named[: named.index("-1")] if "-1" in named else [name for name in named if name])
    devices = sorted(path.name for path in Path("/dev").glob("nvidia*") if NVIDIA_DEVICE.fullmatch(path.name))
    return tuple(str(number) for number in range(len(devices)))


def trainer_environments(settings: Settings) -> tuple[dict[str, str], ...]:
    """The environment variables of each trainer this worker runs: its devices and its share of the processors."""
    gpus = visible_gpus()
    shares = [
        gpus[first : first + settings.gpus_per_trainer] for first in range(0, len(gpus), settings.gpus_per_trainer)
    ]
    num_trainers = settings.trainers or max(1, len(shares))
    num_threads = max(1, usable_processors() // num_trainers)
    return tuple(
        {
            "CUDA_VISIBLE_DEVICES": ",".join(shares[slot % len(shares)]) if shares else "-1",
            "TRAINYARD_TRAINER_THREADS": str(num_threads),
            "OMP_NUM_THREADS": str(num_threads),
            "TF_XLA_FLAGS": xla_flags(settings.cache_dir),
        }
        for slot in range(num_trainers)
    )
