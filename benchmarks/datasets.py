"""MNIST for benchmarks: found in a folder, and ingested where no service does it."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from benchmarks.cases import Case
from core.settings import Settings
from core.specs.merging import apply_overrides
from core.uploads.folder import DatasetFolder
from ingest.intake import take_in
from ingest.limits import Limits
from trainyard.mnist import MNIST, MNIST_FILES, MnistUpload, find_mnist_files

CPU_SECONDS = 600


def find_mnist(data_dir: Path) -> Path | None:
    """Return the folder of MNIST's four files, `data_dir` or its folder `mnist`; None if they are not there."""
    folder = data_dir / MNIST if (data_dir / MNIST).is_dir() else data_dir
    return folder if folder.is_dir() and len(find_mnist_files(folder)) == len(MNIST_FILES) else None


def ingest_mnist(folder: Path, datasets_dir: Path) -> str:
    """Store MNIST's files as an upload of them is stored, and return the sha256 that names it in specs."""
    content = b"".join(MnistUpload(folder).chunks())
    digest = sha256(content).hexdigest()
    stored = DatasetFolder.of(datasets_dir, digest)
    stored.path.mkdir(parents=True)
    stored.original.write_bytes(content)
    settings = Settings()
    take_in(stored.path, Limits(settings.max_unpacked_bytes, settings.ingest_memory_bytes, CPU_SECONDS))
    return digest


def provide_mnist(cases: Sequence[Case], data_dir: Path, datasets_dir: Path) -> tuple[Case, ...]:
    """Ingest MNIST if a case reads it, and return the cases with specs that name this upload.

    Raises:
        SystemExit: If a case reads it, and its files are not in `data_dir`.
    """
    if not any(case.reads_mnist for case in cases):
        return tuple(cases)
    folder = find_mnist(data_dir)
    if folder is None:
        raise SystemExit(f"{data_dir} does not contain MNIST's files. Give --data DIR, or other --cases.")
    pin = {"dataset": {"sha256": ingest_mnist(folder, datasets_dir)}}
    return tuple(
        replace(case, overrides=apply_overrides(dict(case.overrides), pin)) if case.reads_mnist else case
        for case in cases
    )
