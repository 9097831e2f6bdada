"""Occlusion of images: by how much a score falls when a patch is hidden (Zeiler and Fergus, 2014), coarse to fine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.explanations.shapley import Evaluate, Numbers

CELLS = 16
"""Cells of a heat map along each side, if the image has as many pixels."""

COARSE, FINE = 4, 8
"""Parts of the height and width that a patch has; patches overlap by half."""

ROWS_AT_ONCE = 64

Cell = tuple[int, int]
"""Row and column of a cell, or numbers of them."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Importance of the parts of an image.

    Attributes:
        prediction: The score of the whole image.
        cells: (rows, columns): fall of the score for each cell that is hidden; negative where hiding raises it.
        cell_height: Height of a cell in pixels; those of the last row may be less.
        cell_width: Width of a cell in pixels; those of the last column may be less.
    """

    prediction: float
    cells: Numbers
    cell_height: int
    cell_width: int


def map_by_occlusion(evaluate: Evaluate, image: NDArray[Any], fill: float) -> HeatMap:
    """Hide patches of an image: large ones everywhere, small ones where hiding large ones changes much.

    Args:
        evaluate: Returns the score of images (n, height, width[, channels]).
        image: (height, width[, channels]).
        fill: Value of hidden pixels.
    """
    height, width = image.shape[:2]
    cell_height, cell_width = (-(-length // CELLS) for length in (height, width))
    num_rows, num_columns = -(-height // cell_height), -(-width // cell_width)

    shape = num_rows, num_columns

    def measure(corners: Sequence[Cell], side: Cell) -> Numbers:
        falls = [np.empty(0)]
        for start in range(0, len(corners), ROWS_AT_ONCE):
            some = corners[start : start + ROWS_AT_ONCE]
            images = np.repeat(image[None], len(some), axis=0)
            for hidden, (row, column) in zip(images, some, strict=True):
                top, left = row * cell_height, column * cell_width
                hidden[top : top + side[0] * cell_height, left : left + side[1] * cell_width] = fill
            falls.append(prediction - evaluate(images))
        return np.concatenate(falls)

    (prediction,) = evaluate(image[None])
    coarse, fine = ((max(num_rows // parts, 1), max(num_columns // parts, 1)) for parts in (COARSE, FINE))
    corners = _list_corners(shape, coarse)
    cells, _ = _spread(corners, measure(corners, coarse), coarse, shape)
    if fine != coarse:
        sizes = np.abs(cells)
        is_important = sizes > np.median(sizes)
        corners = [
            (row, column)
            for row, column in _list_corners(shape, fine)
            if is_important[row : row + fine[0], column : column + fine[1]].any()
        ]
        falls, is_covered = _spread(corners, measure(corners, fine), fine, shape)
        cells = np.where(is_covered, falls, cells)
    return HeatMap(float(prediction), cells, cell_height, cell_width)


def _list_corners(shape: Cell, side: Cell) -> list[Cell]:
    rows, columns = (
        range(0, max(length - part, 0) + step, step)
        for length, part in zip(shape, side, strict=True)
        for step in [max(part // 2, 1)]
    )
    return [(row, column) for row in rows for column in columns if row < shape[0] and column < shape[1]]


def _spread(corners: Sequence[Cell], falls: Numbers, side: Cell, shape: Cell) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the mean fall per cell of the patches that cover each cell, and which cells are covered."""
    sums, counts = np.zeros(shape), np.zeros(shape)
    for (row, column), fall in zip(corners, falls, strict=True):
        patch = slice(row, row + side[0]), slice(column, column + side[1])
        sums[patch] += fall / sums[patch].size
        counts[patch] += 1
    return sums / np.maximum(counts, 1), counts > 0
