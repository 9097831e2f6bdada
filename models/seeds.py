"""Independent streams of random numbers from the seed of a spec."""

from hashlib import sha256

import numpy as np


def derive_seed(seed: int, *path: str | int) -> int:
    """Derive a seed for one purpose, such as `derive_seed(7, "layer", 0, "kernel")`; below 2³¹.

    Hashing makes the streams independent: a purpose added later changes none of the others.
    """
    return int.from_bytes(_digest(seed, path)[:4], "big") >> 1


def random_generator(seed: int, *path: str | int) -> np.random.Generator:
    """Return a NumPy generator for one purpose."""
    return np.random.default_rng(int.from_bytes(_digest(seed, path), "big"))


def _digest(seed: int, path: tuple[str | int, ...]) -> bytes:
    return sha256("/".join([str(seed), *map(str, path)]).encode()).digest()
