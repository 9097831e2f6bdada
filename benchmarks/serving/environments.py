"""Virtual environments of the other servers, made once from pinned requirements, by hash."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements")

DIRECTORY_VARIABLE = "TRAINYARD_BENCH_DIR"


def benchmark_dir() -> Path:
    """Return the folder that keeps the environments, by default in the user's cache."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trainyard-benchmarks"
    return Path(os.environ.get(DIRECTORY_VARIABLE) or default).absolute()


def prepare_environment(name: str) -> Path:
    """Return the `bin` folder of an environment, and make it first if there is none of these requirements.

    Raises:
        subprocess.CalledProcessError: If the packages cannot be installed; pip says why.
    """
    requirements = REQUIREMENTS / f"{name}.txt"
    fingerprint = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    folder = benchmark_dir() / name
    stamp = folder / "requirements.sha256"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != fingerprint:
        print(f"Making the virtual environment {folder}", flush=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([str(folder / "bin" / "python"), *install, "-r", str(requirements)], check=True)
        stamp.write_text(fingerprint, encoding="ascii")
    return folder / "bin"
