"""Verdicts on the figures: reproduced, missed or not run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from core.catalogue.figures import DivergenceFigure, Figure, MetricFigure, PredictionFigure, Take
from core.catalogue.presets import Preset
from core.errors import LossNotFinite
from reproduction.outcomes import Outcome, Outcomes
from reproduction.variants import list_variant_runs, name_of, own_seed

BOUNDARY = 0.5
"""Threshold between the outputs 0 and 1."""


class Verdict(StrEnum):
    """Verdict on a figure, or on a whole row."""

    REPRODUCED = "reproduced"
    MISSED = "missed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class FigureVerdict:
    """Verdict on one published figure.

    Attributes:
        figure: The published figure.
        verdict: Verdict for the seed of the preset.
        value: Value of that run; None if it is not finite.
        beside: Best value of the variants it is compared with.
        values: Values for each seed that was run.
        num_held: Number of seeds on which the bounds hold.
    """

    figure: Figure
    verdict: Verdict
    value: float | None
    beside: float | None
    values: tuple[float, ...]
    num_held: int
    num_seeds: int

    @property
    def spread(self) -> tuple[float, float, float] | None:
        """Minimum, median and maximum over seeds; None for a single seed."""
        if len(self.values) <= 1:
            return None
        return min(self.values), median(self.values), max(self.values)


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """Verdict on a preset.

    Attributes:
        figures: Verdicts on its figures.
        failures: Outcomes of runs that failed unexpectedly.
        missing: Variants that have not been run.
    """

    figures: tuple[FigureVerdict, ...]
    failures: tuple[Outcome, ...]
    missing: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """REPRODUCED if all figures hold and no run failed."""
        verdicts = {figure.verdict for figure in self.figures}
        if Verdict.MISSED in verdicts or self.failures:
            return Verdict.MISSED
        if Verdict.NOT_RUN in verdicts:
            return Verdict.NOT_RUN
        return Verdict.REPRODUCED


@dataclass(frozen=True, slots=True)
class _Reading:
    value: float | None
    beside: float | None
    holds: bool


def evaluate(preset: Preset, outcomes: Outcomes) -> RowVerdict:
    """Compare the outcomes of a preset with its figures."""
    diverging = {figure.variant for figure in preset.figures if isinstance(figure, DivergenceFigure)}
    found = [(each, outcomes.find(each.preset, each.variant, each.seed)) for each in list_variant_runs(preset)]
    return RowVerdict(
        figures=tuple(_evaluate_figure(figure, preset, outcomes) for figure in preset.figures),
        failures=tuple(
            outcome
            for each, outcome in found
            if outcome is not None and not outcome.has_succeeded and each.variant not in diverging
        ),
        missing=tuple(each.variant or preset.name for each, outcome in found if outcome is None),
    )


def _evaluate_figure(figure: Figure, preset: Preset, outcomes: Outcomes) -> FigureVerdict:
    readings = [_read(figure, preset, outcomes, offset) for offset in range(preset.num_seeds)]
    known = [reading for reading in readings if reading is not None]
    first = readings[0]
    if first is None:
        return FigureVerdict(figure, Verdict.NOT_RUN, None, None, (), 0, 0)
    return FigureVerdict(
        figure,
        Verdict.REPRODUCED if first.holds else Verdict.MISSED,
        first.value,
        first.beside,
        tuple(reading.value for reading in known if reading.value is not None),
        sum(reading.holds for reading in known),
        len(known),
    )


def _read(figure: Figure, preset: Preset, outcomes: Outcomes, offset: int) -> _Reading | None:
    """Read the values of the run on one seed; None if it, or a run it is compared with, was not run."""

    def run_of(variant: str | None) -> Outcome | None:
        return outcomes.find(preset.name, variant, own_seed(preset, variant) + offset)

    outcome = run_of(figure.variant)
    if outcome is None:
        return None
    match figure:
        case DivergenceFigure():
            return _Reading(None, None, outcome.error_code == LossNotFinite.code)
        case PredictionFigure():
            value = _measure(figure, outcome)
            return _Reading(value, None, value is not None and _is_within(value, figure))
        case MetricFigure():
            others = [run_of(variant) for variant in figure.beside]
            if None in others:
                return None
            return _compare(figure, _take(figure, outcome), [_take(figure, other) for other in others if other])


def _compare(figure: MetricFigure, value: float | None, others: Sequence[float | None]) -> _Reading:
    if value is None:
        return _Reading(None, None, False)
    if not figure.beside:
        return _Reading(value, None, _is_within(value, figure))
    # A run without a number loses against every other.
    known = [other for other in others if other is not None]
    best = (max if figure.at_least is not None else min)(known, default=None)
    return _Reading(value, best, all(_is_within(value - other, figure) for other in known))


def _is_within(value: float, figure: MetricFigure | PredictionFigure) -> bool:
    return (figure.at_least is None or value >= figure.at_least) and (figure.at_most is None or value <= figure.at_most)


def _take(figure: MetricFigure, outcome: Outcome) -> float | None:
    value = _value(outcome, figure.metric, figure.take)
    if value is None or figure.less is None:
        return value
    subtracted = _value(outcome, figure.less, figure.take)
    return None if subtracted is None else value - subtracted


def _value(outcome: Outcome, key: str, take: Take) -> float | None:
    if not outcome.has_succeeded or key not in outcome.metrics:
        return None
    return {
        "first": outcome.metrics[key].first,
        "last": outcome.metrics[key].last,
        "least": outcome.metrics[key].least,
        "greatest": outcome.metrics[key].greatest,
    }[take]


def _measure(figure: PredictionFigure, outcome: Outcome) -> float | None:
    found = [answer.outputs for answer in outcome.answers if answer.question == name_of(figure.instances)]
    wanted = [number for row in figure.outputs for number in row]
    given = [number for row in found[0] for number in row] if found else []
    if len(given) != len(wanted):
        return None
    errors = [abs(one - other) for one, other in zip(given, wanted, strict=True)]
    match figure.measure:
        case "greatest_error":
            return max(errors)
        case "root_mean_squared_error":
            return math.sqrt(sum(error**2 for error in errors) / len(errors))
        case "accuracy":
            sides = [(one > BOUNDARY) == (other > BOUNDARY) for one, other in zip(given, wanted, strict=True)]
            return sum(sides) / len(sides)
