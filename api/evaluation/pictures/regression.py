"""Errors of a regression, and predicted against actual values."""

from collections.abc import Sequence

from api.pictures.axes import choose_ticks
from api.pictures.drawing import (
    DEEP,
    MARK,
    MUTED,
    Block,
    cut,
    dots,
    draw_table,
    line,
    measure,
    moved,
    show_number,
    text,
)
from core.evaluation import OutputEvaluation, PairSample, RegressionEvaluation

SIDE = 300

LEFT, TOP, BOTTOM = 64, 40, 46

GAP = 20

MOST_ROWS = 30

LONGEST_NAME = 22


def draw_regression(answers: RegressionEvaluation) -> list[Block]:
    """Draw the table, and a scatter plot for each output with a sample of pairs."""
    is_single = len(answers.outputs) == 1
    outputs = () if is_single else answers.outputs[:MOST_ROWS]
    rows = [[_name(output), *_show_errors(output.mean_absolute_error, output)] for output in outputs]
    rows.append(
        [
            "all outputs" if rows else _name(answers.outputs[0]),
            show_number(answers.mean_absolute_error),
            show_number(answers.root_mean_squared_error),
            show_number(answers.r2_score),
        ]
    )
    table = draw_table(("", "MAE", "RMSE", "R²"), rows, max(measure(row[0]) for row in rows), num_apart=1)
    panels = [
        _draw_scatter(_name(output), output.sample)
        for output in answers.outputs
        if output.sample is not None and output.sample.targets
    ]
    return [table, *([_arrange(panels)] if panels else [])]


def _name(output: OutputEvaluation) -> str:
    """Return the name of a column, or `output N` for a number."""
    return f"output {output.name}" if output.name.isdecimal() else cut(output.name, LONGEST_NAME)


def _show_errors(absolute: float | None, output: OutputEvaluation) -> list[str]:
    return [show_number(absolute), show_number(output.root_mean_squared_error), show_number(output.r2_score)]


def _arrange(panels: Sequence[Block]) -> Block:
    """Arrange panels, two per row."""
    width, height = panels[0].width + GAP, panels[0].height + GAP
    parts = [moved(panel, (number % 2) * width, (number // 2) * height) for number, panel in enumerate(panels)]
    num_rows = -(-len(panels) // 2)
    return Block(width * min(len(panels), 2) - GAP, height * num_rows - GAP, tuple(parts))


def _draw_scatter(name: str, sample: PairSample) -> Block:
    ticks = choose_ticks(min(*sample.targets, *sample.predictions), max(*sample.targets, *sample.predictions))
    low, high = ticks[0], ticks[-1]

    def across(value: float) -> float:
        return LEFT + (value - low) / (high - low) * SIDE

    def up(value: float) -> float:
        return TOP + SIDE - (value - low) / (high - low) * SIDE

    parts = [text(0, 14, f"{name}: predicted against actual", weight=600, size=15)]
    for tick in ticks:
        parts.append(line(across(tick), TOP, across(tick), TOP + SIDE))
        parts.append(line(LEFT, up(tick), LEFT + SIDE, up(tick)))
        parts.append(text(across(tick), TOP + SIDE + 16, f"{tick:.6g}", anchor="middle", size=11, fill=MUTED))
        parts.append(text(LEFT - 6, up(tick) + 4, f"{tick:.6g}", anchor="end", size=11, fill=MUTED))
    parts.append(line(across(low), up(low), across(high), up(high), stroke=MARK, width=1.2))
    parts += dots(((across(x), up(y)) for x, y in zip(sample.targets, sample.predictions, strict=True)), fill=DEEP)
    parts.append(text(LEFT + SIDE / 2, TOP + SIDE + 36, "actual", anchor="middle", size=12, fill=MUTED))
    parts.append(text(12, TOP + SIDE / 2, "predicted", anchor="middle", size=12, fill=MUTED, turned=-90))
    return Block(LEFT + SIDE + GAP, TOP + SIDE + BOTTOM, tuple(parts))
