"""Image of a run's evaluation on held-out samples."""

from api.evaluation.pictures.classes import draw_classification
from api.evaluation.pictures.regression import draw_regression
from api.pictures.drawing import (
    DEEP,
    GRID,
    MUTED,
    Block,
    box,
    cut,
    document,
    draw_table,
    line,
    show_count,
    show_number,
    show_share,
    text,
)
from core.evaluation import BitsEvaluation, EvaluationReport, SplitEvaluation

LONGEST_NAME = 60

WIDTH = 560

METRICS_IN_A_LINE = 3


def draw_evaluation(name: str, report: EvaluationReport, split: str | None) -> str:
    """Return an SVG image of a report.

    Args:
        name: Name of the model.
        report: Report to draw.
        split: `test` or `validation`; None for test if there are test samples, else validation.
    """
    chosen = split or ("validation" if report.test is None and report.validation is not None else "test")
    part = report.validation if chosen == "validation" else report.test
    title = f"{cut(name, LONGEST_NAME)}: {chosen}"
    return document(title, [_draw_heading(title, part), *_draw_answers(part)])


def _draw_heading(title: str, part: SplitEvaluation | None) -> Block:
    if part is None:
        lines = ["No samples were held out. Set dataset.split in the spec."]
    else:
        lines = [f"{show_count(part.num_samples)} held-out samples"]
        values = [f"{name} {show_number(value)}" for name, value in part.metrics.items()]
        lines += [
            " · ".join(values[first : first + METRICS_IN_A_LINE]) for first in range(0, len(values), METRICS_IN_A_LINE)
        ]
    shown = [text(0, 42 + 18 * number, words, fill=MUTED) for number, words in enumerate(lines)]
    return Block(WIDTH, 28 + 18 * len(lines), (text(0, 18, title, size=18, weight=600), *shown))


def _draw_answers(part: SplitEvaluation | None) -> list[Block]:
    if part is None:
        return []
    if part.classification is not None:
        return draw_classification(part.classification)
    if part.regression is not None:
        return draw_regression(part.regression)
    return [] if part.bits is None else draw_bits(part.bits)


CHART_HEIGHT, CHART_WIDTH = 180, 520

LEFT, TOP, BOTTOM = 52, 34, 46

MOST_NUMBERED = 32


def draw_bits(answers: BitsEvaluation) -> list[Block]:
    """Draw both accuracies, and a bar for each bit."""
    rows = [
        ["accuracy per bit", show_share(answers.bit_accuracy)],
        ["accuracy per sequence", show_share(answers.sequence_accuracy)],
    ]
    return [draw_table(("", "share"), rows, max(len(row[0]) for row in rows)), _draw_places(answers)]


def _draw_places(answers: BitsEvaluation) -> Block:
    shares = answers.accuracy_by_place
    step = CHART_WIDTH / len(shares)
    parts = [text(0, 14, "Accuracy by bit", weight=600, size=15)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = TOP + CHART_HEIGHT * (1 - share)
        parts.append(line(LEFT, y, LEFT + CHART_WIDTH, y, stroke=GRID))
        parts.append(text(LEFT - 8, y + 4, f"{share:.0%}", anchor="end", size=11, fill=MUTED))
    for place, share in enumerate(shares):
        x = LEFT + place * step
        height = CHART_HEIGHT * share
        title = f"bit {place}: {share:.2%}"
        parts.append(box(x + step * 0.15, TOP + CHART_HEIGHT - height, step * 0.7, height, fill=DEEP, title=title))
        if len(shares) <= MOST_NUMBERED:
            parts.append(text(x + step / 2, TOP + CHART_HEIGHT + 16, str(place), anchor="middle", size=11, fill=MUTED))
    words = "bit, least significant first"
    parts.append(text(LEFT + CHART_WIDTH / 2, TOP + CHART_HEIGHT + 36, words, anchor="middle", size=12, fill=MUTED))
    return Block(LEFT + CHART_WIDTH, TOP + CHART_HEIGHT + BOTTOM, tuple(parts))
