"""Confusion matrix and metrics per class of a classifier."""

from collections.abc import Sequence
from typing import Any

from api.pictures.drawing import (
    INK,
    MUTED,
    PAPER,
    Block,
    box,
    cut,
    draw_table,
    measure,
    show_count,
    show_share,
    text,
)
from core.evaluation import AverageEvaluation, ClassEvaluation, ClassificationEvaluation
from core.signatures.labels import label_text

MOST_LABELLED = 30
"""Largest number of classes for a matrix with labels and counts."""

FEW_CLASSES = 12

LARGE_CELL, SMALL_CELL = 46, 27

MAP_SIZE = 560
"""Side of a matrix without labels, in pixels."""

LONGEST_LABEL = 22

LETTER = 7

HEADING = 44

_SMALL: Any = {"fill": MUTED, "size": 12}

DARKEST = (3, 105, 161)

ASLANT = -50

DARK = 0.55
"""Share above which a cell's count is written in white."""

Counts = Sequence[Sequence[int]]


def draw_classification(answers: ClassificationEvaluation) -> list[Block]:
    """Draw the matrix, if there is one, and the table."""
    labels = [label_text(part.label) for part in answers.classes]
    blocks = []
    if answers.confusion_matrix is not None:
        draw = _draw_matrix if len(labels) <= MOST_LABELLED else _draw_map
        blocks.append(draw(labels, answers.confusion_matrix))
    return [*blocks, *_draw_classes(answers)]


def _draw_matrix(labels: Sequence[str], counts: Counts) -> Block:
    shown = [cut(label, LONGEST_LABEL) for label in labels]
    is_few = len(labels) <= FEW_CLASSES
    cell, size = (LARGE_CELL, 12.5) if is_few else (SMALL_CELL, 9)
    longest = max(map(measure, shown)) * LETTER
    is_flat = longest <= cell
    left, top = longest + 34, HEADING + (20 if is_flat else longest * 0.8 + 14)
    parts = _name_axes(top, cell * len(labels))
    for number, label in enumerate(shown):
        middle = (number + 0.5) * cell
        parts.append(text(left - 8, top + middle + 4, label, anchor="end", size=12))
        anchor, turned = ("middle", 0) if is_flat else ("start", ASLANT)
        parts.append(text(left + middle + (0 if is_flat else 3), top - 8, label, anchor=anchor, turned=turned, size=12))
    for actual, row in enumerate(counts):
        for answered, (count, share) in enumerate(zip(row, _shares(row), strict=True)):
            x, y = left + answered * cell, top + actual * cell
            title = f"{shown[actual]}, predicted {shown[answered]}: {count:,} ({share:.1%})"
            parts.append(box(x, y, cell - 1, cell - 1, fill=_shade(share), title=title))
            color = PAPER if share >= DARK else INK if count else MUTED
            words = show_count(count, is_short=True)
            if is_few or count:
                parts.append(text(x + cell / 2, y + cell / 2 + size / 3, words, anchor="middle", size=size, fill=color))
    overhang = 0 if is_flat else longest * 0.7
    return Block(left + cell * len(labels) + overhang, top + cell * len(labels), tuple(parts))


def _draw_map(labels: Sequence[str], counts: Counts) -> Block:
    """Draw a matrix of many classes by shades alone, without white cells: 200 classes would have 40,000 shapes."""
    cell = MAP_SIZE / len(labels)
    left, top = 34, HEADING + 6
    parts = _name_axes(top, MAP_SIZE)
    parts.append(box(left, top, MAP_SIZE, MAP_SIZE, fill=_shade(0)))
    for actual, row in enumerate(counts):
        for answered, share in enumerate(_shares(row)):
            if share:
                parts.append(box(left + answered * cell, top + actual * cell, cell, cell, fill=_shade(share)))
    return Block(left + MAP_SIZE, top + MAP_SIZE, tuple(parts))


def _name_axes(top: float, side: float) -> list[str]:
    return [
        text(0, 14, "Confusion matrix", weight=600, size=15),
        text(0, 34, "A row for each actual class, a column for each prediction; shaded by share of the row", **_SMALL),
        text(12, top + side / 2, "actual", anchor="middle", turned=-90, **_SMALL),
    ]


def _shares(row: Sequence[int]) -> list[float]:
    whole = sum(row)
    return [count / whole if whole else 0.0 for count in row]


def _shade(share: float) -> str:
    """Return a color from nearly white to blue."""
    # Any count must be visible: a share of 1 in 1000 is shaded like one in 30.
    depth = share**0.5 if share else 0.0
    red, green, blue = (round(248 + (dark - 248) * depth) for dark in DARKEST)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _draw_classes(answers: ClassificationEvaluation) -> list[Block]:
    classes, left_out = list(answers.classes), 0
    if len(classes) > MOST_LABELLED:
        classes.sort(key=lambda part: (part.f1 is None, part.f1))
        left_out = len(classes) - MOST_LABELLED
        classes = classes[:MOST_LABELLED]
    rows = [_class_row(part) for part in classes]
    total = sum(part.support for part in answers.classes)
    rows.append(["accuracy", "", "", show_share(answers.accuracy), show_count(total)])
    rows.append(_average_row("macro average", answers.macro_average, total))
    rows.append(_average_row("weighted average", answers.weighted_average, total))
    headers = ("class", "precision", "recall", "F1", "support")
    table = draw_table(headers, rows, max(measure(row[0]) for row in rows), num_apart=3)
    if not left_out:
        return [table]
    note = f"The {MOST_LABELLED} classes with the lowest F1; {left_out:,} others are in the JSON."
    return [Block(table.width, 4, (text(0, 4, note, **_SMALL),)), table]


def _class_row(part: ClassEvaluation) -> list[str]:
    numbers = map(show_share, (part.precision, part.recall, part.f1))
    return [cut(label_text(part.label), LONGEST_LABEL), *numbers, show_count(part.support)]


def _average_row(name: str, average: AverageEvaluation, support: int) -> list[str]:
    return [name, *map(show_share, (average.precision, average.recall, average.f1)), show_count(support)]
