"""Shapes and text of images (SVG 1.1)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

INK, MUTED, GRID, PAPER = "#0f172a", "#475569", "#e2e8f0", "#ffffff"

DEEP, MARK = "#0369a1", "#dc2626"

MARGIN = 24

SPACE = 28

# XML 1.0 section 2.2: documents must not contain these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Block:
    """Part of an image, drawn from its own top left corner."""

    width: float
    height: float
    parts: tuple[str, ...]


def document(title: str, blocks: Sequence[Block]) -> str:
    """Return a whole image: blocks below one another on white."""
    width = max(block.width for block in blocks) + 2 * MARGIN
    top, placed = float(MARGIN), []
    for block in blocks:
        placed.append(moved(block, MARGIN, top))
        top += block.height + SPACE
    height = top - SPACE + MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}"'
    box_size = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box_size} font-family="system-ui, sans-serif">',
        f"<title>{clean(title)}</title>",
        f'<rect {size} fill="{PAPER}"/>',
        *placed,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def moved(block: Block, x: float, y: float) -> str:
    """Return the shapes of a block, moved to a position."""
    return "\n".join([f'<g transform="translate({x:.1f} {y:.1f})">', *block.parts, "</g>"])


def text(
    x: float,
    y: float,
    words: str,
    *,
    fill: str = INK,
    size: float = 13,
    anchor: str = "start",
    weight: int = 400,
    turned: int = 0,
) -> str:
    """Return text whose baseline begins, ends or is centred at a point; `turned` by degrees around it."""
    turn = f' transform="rotate({turned} {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="{size:g}" text-anchor="{anchor}" '
        f'font-weight="{weight}"{turn}>{clean(words)}</text>'
    )


def box(x: float, y: float, width: float, height: float, *, fill: str, title: str = "") -> str:
    """Return a filled rectangle with an optional tooltip."""
    shown = f"<title>{clean(title)}</title>" if title else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}">{shown}</rect>'


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = GRID, width: float = 1) -> str:
    """A straight line."""
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{stroke}" stroke-width="{width:g}"/>'


def dots(places: Iterable[tuple[float, float]], *, fill: str) -> list[str]:
    """Return small translucent circles."""
    return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{fill}" fill-opacity="0.45"/>' for x, y in places]


def clean(words: str) -> str:
    """Escape text for XML and remove characters that it does not allow."""
    return escape(_NOT_XML.sub("\ufffd", words))


def cut(words: str, longest: int) -> str:
    """Return text on one line, cut to a width in characters; Chinese, Japanese and Korean ones count twice."""
    words = " ".join(words.split())
    if measure(words) <= longest:
        return words
    kept, width = "", 1
    for letter in words:
        width += measure(letter)
        if width > longest:
            break
        kept += letter
    return f"{kept.rstrip()}…"


def measure(words: str) -> int:
    """Return the width in characters."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)


def show_number(value: float | None) -> str:
    """Format a number with four significant digits; a dash if it is undefined."""
    return "–" if value is None else f"{value:.4g}"


def show_share(value: float | None) -> str:
    """Format a share with three decimals, to align a column of them; a dash if it is undefined."""
    return "–" if value is None else f"{value:.3f}"


def show_count(count: int, *, is_short: bool = False) -> str:
    """Format a whole number with commas, or if short, as `12k` and `3.4M` from five digits on."""
    thousand, million = 1_000, 1_000_000
    if not is_short or count < 10 * thousand:
        return f"{count:,}" if not is_short else str(count)
    return f"{count / thousand:.0f}k" if count < million else f"{count / million:.3g}M"


ROW = 22

NUMBER_WIDTH = 96

LETTER_WIDTH = 7.6

SMALLEST_FIRST_WIDTH = 150


def draw_table(headers: Sequence[str], rows: Sequence[Sequence[str]], longest: int, *, num_apart: int = 0) -> Block:
    """Draw a table whose rows have a name and numbers.

    Args:
        headers: Headers of the columns; the first is that of the names.
        rows: Cells as text.
        longest: Width of the longest name in characters.
        num_apart: Number of rows at the end that are separated by a line.
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
