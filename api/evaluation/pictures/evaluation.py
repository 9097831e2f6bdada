"""A picture of how a run's network answers held-out samples."""

from api.evaluation.pictures.bits import draw_bits
from api.evaluation.pictures.classes import draw_classification
from api.evaluation.pictures.drawing import MUTED, Block, cut, document, show_count, show_number, text
from api.evaluation.pictures.errors import draw_regression
from core.evaluation import EvaluationReport, SplitEvaluation

LONGEST_NAME = 60

WIDTH = 560

METRICS_IN_A_LINE = 3


def draw_evaluation(name: str, report: EvaluationReport, split: str | None) -> str:
    """An SVG image.

    Args:
        name: Of the model.
        report: What to draw.
        split: `test` or `validation`; None for the test samples or, where there are none, those of validation.
    """
    chosen = split or ("validation" if report.test is None and report.validation is not None else "test")
    part = report.validation if chosen == "validation" else report.test
    title = f"{cut(name, LONGEST_NAME)}: {chosen}"
    return document(title, [_draw_heading(title, part), *_draw_answers(part)])


def _draw_heading(title: str, part: SplitEvaluation | None) -> Block:
    if part is None:
        lines = ["No samples were held out for this. Set dataset.split in the spec."]
    else:
        lines = [f"{show_count(part.num_samples)} samples, none of which was learned from"]
        told = [f"{name} {show_number(value)}" for name, value in part.metrics.items()]
        lines += [
            " · ".join(told[first : first + METRICS_IN_A_LINE]) for first in range(0, len(told), METRICS_IN_A_LINE)
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
