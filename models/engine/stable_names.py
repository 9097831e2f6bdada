"""Names inside a program that follow from the program alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count

from tensorflow.python.framework import ops

GRADIENT = "CustomGradient-"
ROOM = 1 << 20
"""Numbers from one program to the next; each takes some hundreds."""


@contextmanager
def stable_names(key: str) -> Iterator[None]:
    """Name the functions of programs built meanwhile after `key`, whatever the process has built before.

    TensorFlow numbers functions by a counter of the process, and XLA finds what it keeps on disk by their names and
    contents: without this, a program would be found again only by a process that did just the same before. Programs
    that differ must have keys that differ.
    """
    original = ops.uid
    start = int(sha256(key.encode()).hexdigest()[:10], 16) * ROOM
    numbers = count(start)
    _forget_gradients(range(start, start + ROOM))
    ops.uid = lambda: next(numbers)
    try:
        yield
    finally:
        ops.uid = original


def _forget_gradients(numbers: range) -> None:
    """Give the names of gradients free that the same program, built earlier in this process, has no more use for."""
    registry = ops.gradient_registry._registry  # noqa: SLF001 - it has no public way to take an entry back.
    names = [name for name in registry if name.startswith(GRADIENT)]
    for name in names:
        if int(name.removeprefix(GRADIENT)) in numbers:
            del registry[name]
