"""Rows that are sent and the right answers to them, as files that every load generator reads."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving.peers.sessions import open_session

SEED = 13

NUM_REQUESTS = 8
"""Different requests, which each connection sends in turn."""

NUM_RUNS = 50

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows of requests and the outputs for them.

    Attributes:
        rows: (num_requests, num_rows, *shape of a row).
        outputs: (num_requests, num_rows, *shape of an output).
    """

    rows: Rows
    outputs: NDArray[np.float32]

    def write(self, folder: Path) -> None:
        """Write both arrays into a folder."""
        np.save(folder / "rows.npy", self.rows)
        np.save(folder / "outputs.npy", self.outputs)

    @classmethod
    def read(cls, folder: str) -> "Samples":
        """Read what `write` has written."""
        return cls(np.load(Path(folder, "rows.npy")), np.load(Path(folder, "outputs.npy")))


def _draw_irises(random: np.random.Generator, num_rows: int) -> Rows:
    """Centimetres with one digit after the point."""
    return (random.integers(1, 80, (num_rows, 4)) / 10).astype(np.float32)


def _draw_digits(random: np.random.Generator, num_rows: int) -> Rows:
    """Pixels from 0 to 255, four of five of them 0, as in MNIST."""
    pixels = random.integers(0, 256, (num_rows, 28, 28))
    return (pixels * (random.random(pixels.shape) < 0.2)).astype(np.float32)  # noqa: PLR2004 - said above.


def _draw_sines(random: np.random.Generator, num_rows: int) -> Rows:
    """Twenty points of a sine, at a phase of each row's own."""
    phases = random.uniform(0, 2 * np.pi, (num_rows, 1)) + 0.1 * np.arange(20)
    return np.sin(phases)[..., np.newaxis].astype(np.float32)


DRAWS: dict[str, Callable[[np.random.Generator, int], Rows]] = {
    "iris": _draw_irises,
    "mnist-mlp": _draw_digits,
    "mnist-cnn": _draw_digits,
    "lstm": _draw_sines,
}
"""Draws rows as clients would send them to each net: (num_rows, *shape of a row), float32."""


def draw_samples(net: str, num_rows: int, onnx_path: Path) -> Samples:
    """Draw requests of so many rows, and compute the right answers."""
    random = np.random.default_rng(SEED)
    rows = np.stack([DRAWS[net](random, num_rows) for _ in range(NUM_REQUESTS)])
    session = open_session(str(onnx_path))
    name = session.get_inputs()[0].name
    return Samples(rows, np.stack([session.run(None, {name: batch})[0] for batch in rows]))


def time_network(samples: Samples, onnx_path: Path) -> float:
    """Return the seconds that the network alone takes for a request: the median of some."""
    session = open_session(str(onnx_path))
    name = session.get_inputs()[0].name
    seconds = []
    for number in range(NUM_RUNS):
        feed = {name: samples.rows[number % len(samples.rows)]}
        began = time.perf_counter()
        session.run(None, feed)
        seconds.append(time.perf_counter() - began)
    return median(seconds)
