"""Virtual environments of the other servers, made once from pinned requirements, by hash."""

import fcntl
import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements")

DIRECTORY_VARIABLE = "TRAINYARD_BENCH_DIR"

FINGERPRINT_DIGITS = 12


def benchmark_dir() -> Path:
    """Return the folder that keeps the environments, by default in the user's cache. It is safe to delete."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trainyard-benchmarks"
    return Path(os.environ.get(DIRECTORY_VARIABLE) or default).absolute()


@cache
def prepare_environment(name: str) -> Path:
    """Return the `bin` folder of an environment, and make it first if there is none of these requirements.

    Raises:
        subprocess.CalledProcessError: If the packages cannot be installed; pip says why.
    """
    requirements = REQUIREMENTS / f"{name}.txt"
    fingerprint = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:FINGERPRINT_DIGITS]
    # One of other requirements may be in use by a benchmark of another checkout.
    folder = benchmark_dir() / f"{name}-{fingerprint}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    stamp = folder / "complete.stamp"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            _make(folder, requirements)
            stamp.touch()
    return folder / "bin"


def _make(folder: Path, requirements: Path) -> None:
    print(f"Making the virtual environment {folder}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([str(folder / "bin" / "python"), *install, "-r", str(requirements)], check=True)
