"""Tables in pictures."""

from collections.abc import Sequence

from api.evaluation.pictures.drawing import GRID, INK, MUTED, Block, line, text

ROW = 22

NUMBER_WIDTH = 96

LETTER_WIDTH = 7.6

SMALLEST_FIRST_WIDTH = 150


def draw_table(headers: Sequence[str], rows: Sequence[Sequence[str]], longest: int, *, num_apart: int = 0) -> Block:
    """Rows of a name and numbers.

    Args:
        headers: Of the columns; the first is of the names.
        rows: Cells, already in words.
        longest: Width of the longest name in letters.
        num_apart: How many of the last rows stand below a line.
    """
    first = max(longest * LETTER_WIDTH, SMALLEST_FIRST_WIDTH)
    ends = [first + (number + 1) * NUMBER_WIDTH for number in range(len(headers) - 1)]
    width = ends[-1] if ends else first
    parts = _draw_row(headers, ends, 14, fill=MUTED, weight=600)
    for number, row in enumerate(rows):
        top = ROW * (number + 1)
        is_parting = number in {0, len(rows) - num_apart}
        parts.append(line(0, top, width, top, stroke=MUTED if is_parting else GRID))
        parts += _draw_row(row, ends, top + 15)
    return Block(width, ROW * (len(rows) + 1), tuple(parts))


def _draw_row(
    cells: Sequence[str], ends: Sequence[float], y: float, *, fill: str = INK, weight: int = 400
) -> list[str]:
    name, *numbers = cells
    return [
        text(0, y, name, fill=fill, weight=weight),
        *(
            text(end, y, number, fill=fill, weight=weight, anchor="end")
            for end, number in zip(ends, numbers, strict=True)
        ),
    ]
