"""`python -m benchmarks.checkpoints`: measure what checkpoints take of a training's time.

Both sides train the same spec in the same process, in turns: without checkpoints, and with one whenever the least time
between two and the 5 % rule allow (`--seconds 0`: as often as the rule allows). The least time of each side over the
rounds is compared: other work of the machine only ever adds time.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.measurement import NUM_THREADS
from core.checkpoints import SavedState
from core.experiment import ExperimentSpec, parse_spec
from models.reporting import SilentReporter
from models.runtime import configure_threads
from models.training import CheckpointOptions, train

NETWORKS: dict[str, tuple[list[dict[str, Any]], int]] = {
    "5 k weights": ([{"units": 64, "activation": "relu"}, {"units": 10, "activation": "softmax"}], 400),
    "5 M weights": (
        [
            {"units": 2_000, "activation": "relu"},
            {"units": 2_000, "activation": "relu"},
            {"units": 500, "activation": "relu"},
            {"units": 10, "activation": "softmax"},
        ],
        8,
    ),
}
"""Layers, and epochs over the digits, by name."""


@dataclass
class _Writer(SilentReporter):
    """Takes checkpoints as a worker does, and counts them."""

    num_saved: int = 0
    num_bytes: int = 0

    def checkpoint(self, saved: SavedState) -> None:
        """Count a checkpoint and remove its file."""
        self.num_saved += 1
        self.num_bytes = saved.path.stat().st_size
        saved.path.unlink()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Measure what checkpoints take of a training's time.")
    parser.add_argument("--seconds", type=float, default=0.0, help="least time between two; 0: as often as 5 %% allows")
    parser.add_argument("--rounds", type=int, default=5, help="trainings of each side")
    parser.add_argument("--epochs", type=float, default=1.0, help="factor of the number of epochs")
    given = parser.parse_args()
    configure_threads(NUM_THREADS)
    print(f"{'network':<14}{'without':>10}{'with':>10}{'ratio':>8}{'checkpoints':>13}{'bytes of one':>14}")
    for name, (layers, num_epochs) in NETWORKS.items():
        spec = _make_spec(layers, max(1, round(num_epochs * given.epochs)))
        without, with_them = [], []
        writer = _Writer()
        for _ in range(given.rounds):
            without.append(_measure(spec, _Writer(), None))
            writer = _Writer()
            with_them.append(_measure(spec, writer, given.seconds))
        least, most = min(without), min(with_them)
        print(
            f"{name:<14}{least:>8.2f} s{most:>8.2f} s{most / least:>8.3f}{writer.num_saved:>13}{writer.num_bytes:>14,}"
        )


def _make_spec(layers: list[dict[str, Any]], num_epochs: int) -> ExperimentSpec:
    return parse_spec(
        {
            "name": "checkpoints",
            "dataset": {"name": "digits", "split": {"validation": 0.1}},
            "model": {"kind": "mlp", "layers": layers},
            "training": {
                "optimizer": "adam",
                "loss": "sparse_categorical_crossentropy",
                "batch_size": 64,
                "epochs": num_epochs,
                # The choice of a plan is no part of this.
                "plan": "graph",
            },
        }
    )


def _measure(spec: ExperimentSpec, writer: _Writer, least_seconds: float | None) -> float:
    """Return the seconds of a training; without checkpoints if `least_seconds` is None."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        options = None if least_seconds is None else CheckpointOptions("benchmark", path, least_seconds)
        started = perf_counter()
        train(spec, datasets_dir=path, output_dir=path, reporter=writer, checkpoints=options)
        return perf_counter() - started


if __name__ == "__main__":
    main()
