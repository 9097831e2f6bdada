"""Findings of earlier runs, kept on disk: timings of plans, and programs that XLA compiled."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile


@dataclass(frozen=True, slots=True)
class Timing:
    """Time that a plan took.

    Attributes:
        compile_seconds: To get it going.
        step_seconds: Per training step.
        num_operations: In its graph, where that is known.
    """

    compile_seconds: float
    step_seconds: float
    num_operations: int = 0

    def seconds(self, num_steps: int) -> float:
        """A whole fit."""
        return self.compile_seconds + num_steps * self.step_seconds


class PlanCache:
    """A directory with a small JSON file for every shape of a fit.

    Several processes may write the same one: each file is replaced as a whole, and any of them will do.

    Args:
        folder: Where; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, key: str) -> dict[str, Timing]:
        """Read what is known of this shape, by plan; nothing where the file cannot be read."""
        path = self._path(key)
        if path is None:
            return {}
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            return {name: Timing(**timing) for name, timing in known.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def write(self, key: str, timings: Mapping[str, Timing]) -> None:
        """Keep what was found. A full disk is no reason to fail a run."""
        path = self._path(key)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8") as file:
                json.dump({name: asdict(timing) for name, timing in timings.items()}, file)
            Path(file.name).replace(path)
        except OSError:
            return

    def _path(self, key: str) -> Path | None:
        return self._folder and self._folder / f"{sha256(key.encode()).hexdigest()[:32]}.json"


FOLDER = re.compile(r"--tf_xla_persistent_cache_directory='?([^']*?)(?:'|\s--|$)")


def forget_compiled_programs() -> None:
    """Delete them all: XLA gives up on a file that it cannot read, such as half of one."""
    match = FOLDER.search(os.environ.get("TF_XLA_FLAGS", ""))
    if match is not None:
        for path in Path(match.group(1)).glob("*.pb"):
            path.unlink(missing_ok=True)
