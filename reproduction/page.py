"""docs/catalogue.md: published figures and our results, row by row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.catalogue.figures import DivergenceFigure, MetricFigure, PredictionFigure
from core.catalogue.presets import Preset
from reproduction.outcomes import Outcome, Outcomes
from reproduction.variants import own_seed
from reproduction.verdicts import FigureVerdict, RowVerdict, Verdict

WORDS = {
    Verdict.REPRODUCED: "reproduced",
    Verdict.MISSED: "**missed**",
    Verdict.NOT_RUN: "not run",
}
SHOWN_METRICS = ("loss", "accuracy", "mean_absolute_error")
SHORT = {"greatest_error": "off by", "root_mean_squared_error": "RMSE", "accuracy": "accuracy"}
PARTS = ("train", "validation", "test")

INTRODUCTION = """# The catalogue

Every experiment of the course, trained at full size through the service: `make reproduce` writes this page. A figure
is reproduced if the run of the unchanged preset is within its bounds; where the draw of data and weights matters, other
seeds are run too, and their spread is shown. The course's figures came from laptops of 2018 to 2020. Times are those of
whole runs, on a machine that was also used for other work.

```console
$ curl http://127.0.0.1:8000/v1/runs -d '{"preset": "binary-adder"}'                     # a preset
$ curl http://127.0.0.1:8000/v1/runs -d '{"preset": "binary-adder", "variant": "gru"}'   # one of its variants
$ .venv/bin/trainyard run binary-adder --variant gru --watch                             # the same, with a progress bar
```
"""


@dataclass(frozen=True, slots=True)
class Row:
    """Row of the page.

    Attributes:
        preset: Preset of the row.
        verdict: Verdict on its figures.
        chart: Path of its chart relative to the page; None without a chart.
    """

    preset: Preset
    verdict: RowVerdict
    chart: str | None


def write_page(rows: Sequence[Row], outcomes: Outcomes) -> str:
    """Return the page as Markdown."""
    parts = [INTRODUCTION, _machine(outcomes), _summary(rows, outcomes)]
    parts += [_section(row, outcomes) for row in rows]
    return "\n".join(parts)


def _machine(outcomes: Outcomes) -> str:
    devices = sorted({outcome.device for outcome in outcomes if outcome.device})
    versions: dict[str, set[str]] = {}
    for outcome in outcomes:
        for name, version in outcome.versions.items():
            versions.setdefault(name, set()).add(version)
    libraries = ", ".join(f"{name} {' and '.join(sorted(found))}" for name, found in sorted(versions.items()))
    lost = sum(outcome.num_attempts > 1 for outcome in outcomes)
    attempts = "each at the first attempt" if not lost else f"{lost} of them at a later attempt than the first"
    return f"{sum(1 for _ in outcomes)} runs on {', '.join(devices) or 'nothing yet'}, {attempts}; {libraries}.\n"


def _summary(rows: Sequence[Row], outcomes: Outcomes) -> str:
    num_reproduced = sum(row.verdict.verdict is Verdict.REPRODUCED for row in rows)
    lines = [
        f"**{num_reproduced} of {len(rows)} rows are reproduced.**\n",
        "| row | published | here | | time |",
        "|---|---|---|---|---|",
    ]
    lines += [
        _table_line(
            f"[{row.preset.name}](#{row.preset.name})",
            row.preset.published,
            "; ".join(_in_short(figure) for figure in row.verdict.figures) or "–",
            WORDS[row.verdict.verdict],
            _time(outcomes.find(row.preset.name, None, own_seed(row.preset, None))),
        )
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _section(row: Row, outcomes: Outcomes) -> str:
    preset = row.preset
    lines = [f"## {preset.name}\n", f"**{preset.title}.** {preset.teaches}\n", f"Published: {preset.published}.\n"]
    lines += [*_figure_table(row.verdict.figures), ""]
    lines += [f"- Failed: `{_name(preset, outcome)}`: {outcome.error}" for outcome in row.verdict.failures]
    if row.verdict.failures:
        lines.append("")
    if row.verdict.missing:
        lines.append(f"Not run yet: {', '.join(dict.fromkeys(row.verdict.missing))}.\n")
    lines += _published_time(preset, outcomes)
    if row.chart is not None:
        lines.append(f"![{preset.chart} of {preset.name} and its variants]({row.chart})\n")
    if table := _variant_table(preset, outcomes):
        lines += [*table, ""]
    lines.append(f"```console\n$ curl http://127.0.0.1:8000/v1/runs -d '{json.dumps({'preset': preset.name})}'\n```\n")
    return "\n".join(lines)


def _figure_table(figures: Sequence[FigureVerdict]) -> list[str]:
    if not figures:
        return []
    lines = ["| published | measured as | bounds | here | |", "|---|---|---|---|---|"]
    lines += [
        _table_line(
            verdict.figure.says,
            _measured_as(verdict),
            _bounds(verdict),
            _reached(verdict) + _seeds(verdict),
            WORDS[verdict.verdict],
        )
        for verdict in figures
    ]
    reasons: dict[str, list[str]] = {}
    for verdict in figures:
        reasons.setdefault(verdict.figure.because, []).append(verdict.figure.says)
    return [*lines, "", *(f"- {'; '.join(says)}: {because}" for because, says in reasons.items())]


def _measured_as(verdict: FigureVerdict) -> str:
    figure = verdict.figure
    where = "" if figure.variant is None else f" of `{figure.variant}`"
    match figure:
        case DivergenceFigure():
            return f"the run{where} fails"
        case PredictionFigure():
            rows = "one prediction" if len(figure.instances) == 1 else f"{len(figure.instances)} predictions"
            return f"{figure.measure.replace('_', ' ')} of {rows}{where}"
        case MetricFigure():
            take = "" if figure.take == "last" else f", {figure.take}"
            less = "" if figure.less is None else f" − `{figure.less}`"
            beside = [f"`{name}`" if name else "the preset itself" for name in figure.beside]
            against = f", compared with {', '.join(beside)}" if beside else ""
            return f"`{figure.metric}`{less}{take}{where}{against}"


def _bounds(verdict: FigureVerdict) -> str:
    figure = verdict.figure
    if isinstance(figure, DivergenceFigure):
        return "–"
    if isinstance(figure, MetricFigure) and figure.beside:
        return "not below" if figure.at_least is not None else "not above"
    parts = []
    if figure.at_least is not None:
        parts.append(f"≥ {_number(figure.at_least)}")
    if figure.at_most is not None:
        parts.append(f"≤ {_number(figure.at_most)}")
    return ", ".join(parts)


def _reached(verdict: FigureVerdict) -> str:
    if isinstance(verdict.figure, DivergenceFigure):
        return {Verdict.REPRODUCED: "diverges", Verdict.MISSED: "does not diverge"}.get(verdict.verdict, "–")
    if verdict.value is None:
        return "–"
    beside = "" if verdict.beside is None else f" against {_number(verdict.beside)}"
    return _number(verdict.value) + beside


def _in_short(verdict: FigureVerdict) -> str:
    figure = verdict.figure
    reached = _reached(verdict)
    match figure:
        case DivergenceFigure():
            return f"`{figure.variant}` {reached}"
        case PredictionFigure():
            what = {"greatest_error": "off by", "root_mean_squared_error": "RMSE", "accuracy": "accuracy"}[
                figure.measure
            ]
        case MetricFigure():
            part, _, name = figure.metric.removeprefix("epoch/").rpartition("/")
            what = name if "weight" in part else f"{part} {name}"
            what += "" if figure.less is None else f" − {figure.less.replace('/', ' ')}"
    return f"{what} {reached}" + ("" if figure.variant is None else f" (`{figure.variant}`)")


def _seeds(verdict: FigureVerdict) -> str:
    if verdict.spread is None:
        return ""
    least, middle, greatest = verdict.spread
    return (
        f"; holds for {verdict.num_held} of {verdict.num_seeds} seeds: "
        f"{_number(least)} to {_number(greatest)}, median {_number(middle)}"
    )


def _published_time(preset: Preset, outcomes: Outcomes) -> list[str]:
    outcome = outcomes.find(preset.name, None, own_seed(preset, None))
    if preset.published_time is None or outcome is None or not outcome.num_epochs:
        return []
    low, high = preset.published_time.seconds_per_epoch
    ours = outcome.train_seconds / outcome.num_epochs
    return [f"Time of an epoch: {_number(ours)} s here, compiling included; published {low:g} to {high:g} s.\n"]


def _variant_table(preset: Preset, outcomes: Outcomes) -> list[str]:
    found = [outcomes.find(preset.name, name, own_seed(preset, name)) for name in (None, *preset.variants)]
    runs = [outcome for outcome in found if outcome is not None]
    keys = [key for key in _metric_keys() if any(key in outcome.metrics for outcome in runs)]
    if not runs:
        return []
    lines = [
        _table_line("variant", *(key.removeprefix("epoch/").replace("/", " ") for key in keys), "time"),
        "|---" * (len(keys) + 2) + "|",
    ]
    for outcome in runs:
        values = [_number(outcome.metrics[key].last) if key in outcome.metrics else "–" for key in keys]
        lines.append(_table_line(f"`{_name(preset, outcome)}`", *values, _time(outcome)))
    return lines


def _metric_keys() -> list[str]:
    return [f"{'' if part == 'test' else 'epoch/'}{part}/{name}" for part in PARTS for name in SHOWN_METRICS]


def _name(preset: Preset, outcome: Outcome) -> str:
    return outcome.variant or preset.name


def _time(outcome: Outcome | None) -> str:
    if outcome is None:
        return "–"
    return f"{outcome.seconds:.1f}\N{NO-BREAK SPACE}s" if outcome.has_succeeded else outcome.state


def _number(value: float | None) -> str:
    if value is None:
        return "not finite"
    if value == 0:
        return "0"
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e6 else f"{value:.2e}"  # noqa: PLR2004 - beyond these, zeros hide digits.


def _table_line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def chart_address(page: Path, chart: Path) -> str:
    """Return the path of a chart relative to the page."""
    return chart.relative_to(page.parent).as_posix()


def describe_rows(rows: Sequence[Row]) -> Mapping[str, str]:
    """Return the verdict on every row, by preset."""
    return {row.preset.name: row.verdict.verdict.value for row in rows}
