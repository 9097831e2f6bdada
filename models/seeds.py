"""Independent streams of random numbers, all from the one seed of a spec."""

from hashlib import sha256

import numpy as np


def derive_seed(seed: int, *path: str | int) -> int:
    """A seed for one purpose, such as `derive_seed(7, "layer", 0, "kernel")`; below 2³¹.

    Hashing keeps the streams apart: a purpose added later changes none of the others.
    """
    return int.from_bytes(_digest(seed, path)[:4], "big") >> 1


def random_generator(seed: int, *path: str | int) -> np.random.Generator:
    """A NumPy generator for one purpose."""
    return np.random.default_rng(int.from_bytes(_digest(seed, path), "big"))


def _digest(seed: int, path: tuple[str | int, ...]) -> bytes:
    return sha256("/".join([str(seed), *map(str, path)]).encode()).digest()
