"""Features of an input that are replaced as one: columns of a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature
from serving.rows.tensors import describe_shape

MOST_NUMBERS = 1000
"""Most numbers of a row without names that are features of their own."""

TABLE_KINDS = frozenset({InputKind.COLUMNS, InputKind.TABLE})


@dataclass(frozen=True, slots=True)
class Feature:
    """A column.

    Attributes:
        name: Name of the column.
        first: Index of its first number along the last axis of the input.
        width: Number of its numbers.
    """

    name: str
    first: int
    width: int = 1


def list_features(signature: ModelSignature) -> tuple[Feature, ...]:
    """Return the columns of a model's input, in order.

    Raises:
        InvalidInstances: If its input is not made of columns.
    """
    shape = signature.input.shape
    if signature.input_kind is InputKind.TABLE and signature.table is not None:
        widths = [column.width for column in signature.table.columns]
        firsts = np.cumsum([0, *widths]).tolist()
        return tuple(
            Feature(name, first, width)
            for name, first, width in zip(signature.table.names, firsts, widths, strict=False)
        )
    if signature.input_kind is InputKind.COLUMNS:
        return tuple(Feature(name, place) for place, name in enumerate(signature.columns))
    if signature.input_kind is InputKind.TENSOR and len(shape) == 1 and 0 < prod(shape) <= MOST_NUMBERS:
        return tuple(Feature(f"input {place}", place) for place in range(shape[0]))
    raise InvalidInstances.at(
        "",
        "Models of columns, of tables, of up to 1,000 numbers a row and of images can be explained; this one takes "
        f"rows of shape {describe_shape(shape)}.",
        "not_explainable",
    )


def mix(
    row: NDArray[Any], background: NDArray[Any], is_kept: NDArray[np.bool_], features: Sequence[Feature]
) -> NDArray[Any]:
    """Return rows with some features of `row` and the others of the background.

    Args:
        row: (..., width).
        background: (n, ..., width), one for each result.
        is_kept: (n, num_features): True where the feature of `row` is kept.
        features: The features.
    """
    widths = [feature.width for feature in features]
    mask = np.repeat(is_kept, widths, axis=1)
    mask = mask.reshape(len(mask), *[1] * (row.ndim - 1), mask.shape[1])
    return np.where(mask, row, background)
