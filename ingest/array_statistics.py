"""Statistics of an array, accumulated block by block."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.uploads.description import MAX_VALUES_KEPT, ArrayDescription, ValueCount


@dataclass(slots=True)
class ArrayStatistics:
    """Statistics of the blocks added so far.

    Attributes:
        counts: Occurrences of each distinct value of a one-dimensional integer array; None once there are too many.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    least: float | None = None
    greatest: float | None = None
    num_not_finite: int = 0
    counts: Counter[int] | None = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if len(self.shape) > 1 or self.dtype.kind == "f":
            self.counts = None

    def add(self, block: NDArray[Any]) -> None:
        """Add a flat block of numbers."""
        finite = block
        if self.dtype.kind == "f":
            is_finite = np.isfinite(block)
            self.num_not_finite += int(block.size - np.count_nonzero(is_finite))
            finite = block[is_finite]
        if not finite.size:
            return
        least, greatest = float(finite.min()), float(finite.max())
        self.least = least if self.least is None else min(self.least, least)
        self.greatest = greatest if self.greatest is None else max(self.greatest, greatest)
        self._count(finite)

    def describe(self, name: str) -> ArrayDescription:
        """Return the description of the whole array."""
        frequent = sorted((self.counts or {}).items(), key=lambda item: (-item[1], item[0]))
        return ArrayDescription(
            name=name,
            shape=self.shape,
            dtype=self.dtype.name,
            least=self.least,
            greatest=self.greatest,
            num_not_finite=self.num_not_finite,
            values=tuple(ValueCount(value=str(value), count=count) for value, count in frequent),
        )

    def _count(self, block: NDArray[Any]) -> None:
        if self.counts is None:
            return
        values, counts = np.unique(block, return_counts=True)
        if len(values) <= MAX_VALUES_KEPT:
            self.counts.update({int(value): int(count) for value, count in zip(values, counts, strict=True)})
        if len(values) > MAX_VALUES_KEPT or len(self.counts) > MAX_VALUES_KEPT:
            self.counts = None
