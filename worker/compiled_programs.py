"""What XLA compiled, kept on disk so that the next run of a shape need not compile it again."""

import os
import platform
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DEVICE_TYPES = "CPU,GPU,XLA_CPU_JIT,XLA_GPU_JIT"


def xla_flags(cache_dir: Path) -> str:
    """TF_XLA_FLAGS for a trainer: those of this process, and where to keep compiled programs.

    A program is machine code for the processor that compiled it, so machines that share the data directory and
    differ in it have folders of their own. Old programs are of no use to a new TensorFlow either.
    """
    kind = sha256(f"{_tensorflow_version()} {platform.machine()} {_processor_features()}".encode()).hexdigest()[:16]
    folder = cache_dir / "xla" / kind
    ours = f"--tf_xla_persistent_cache_directory='{folder}' --tf_xla_persistent_cache_device_types={DEVICE_TYPES}"
    return " ".join(filter(None, (os.environ.get("TF_XLA_FLAGS"), ours)))


def prune(cache_dir: Path, max_bytes: int) -> None:
    """Delete the files that were written longest ago until the rest takes no more than `max_bytes`."""
    files = []
    for path in cache_dir.rglob("*"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        if path.is_file():
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= max_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size


def _tensorflow_version() -> str:
    # Without importing it, which takes seconds; the same package comes under two names.
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
