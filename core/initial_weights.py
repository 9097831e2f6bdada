"""Whether the weights that a spec begins with are those of its network."""

from collections.abc import Sequence

from core.errors import InvalidSpec, Problem, json_pointer, nearest
from core.layer_table import LayerRow
from core.specs.base import NUM_LISTED
from core.specs.experiment import ExperimentSpec
from core.specs.weights import Nested, list_numbers, shape_of_numbers

MOST_COMPARED = 100
"""Layers up to which the nearest name is looked for; among more, listing them helps nobody."""


def check_initial_weights(spec: ExperimentSpec, layers: Sequence[LayerRow]) -> None:
    """Hold `initial_weights` against the layer table.

    Raises:
        InvalidSpec: With a problem for each name that is no layer or weight, and for each array of another shape.
    """
    by_name = {row.name: row for row in layers}
    problems: list[Problem] = []
    for name, weights in spec.initial_weights.items():
        row = by_name.get(name)
        if row is None or not row.weights:
            detail = f"{_shown(name)} has no weights." if row else f"There is no layer {_shown(name)} here."
            problems.append(_problem((name,), detail + _nearest_layer(name, layers), "unknown_layer"))
            continue
        problems += [problem for weight in weights for problem in _check(row, weight, weights[weight])]
    if problems:
        problems = problems[:NUM_LISTED]
        raise InvalidSpec(" ".join(problem.detail for problem in problems), problems)


def _check(row: LayerRow, name: str, numbers: Nested) -> list[Problem]:
    place = (row.name, name)
    expected, given = row.weights.get(name), shape_of_numbers(numbers)
    if expected is None:
        detail = f"{row.name} has no weight {_shown(name)}.{nearest(name, list(row.weights))}"
        return [_problem(place, detail, "unknown_weight")]
    if given != expected:
        detail = f"{row.name}/{name} has shape {given}; this network needs {expected}."
        return [_problem(place, detail, "shape_mismatch")]
    if name.endswith("moving_variance") and min(list_numbers(numbers)) < 0:
        return [_problem(place, f"{row.name}/{name} has a number below 0; no variance is.", "negative_variance")]
    return []


def _nearest_layer(name: str, layers: Sequence[LayerRow]) -> str:
    known = [row.name for row in layers if row.weights]
    if len(known) <= MOST_COMPARED:
        return nearest(name, known)
    return f" {len(known):,} layers have weights; a dry run (POST /v1/specs:validate) lists them."


def _shown(name: str) -> str:
    return f"'{name}'"


def _problem(place: Sequence[str], detail: str, code: str) -> Problem:
    return Problem(json_pointer("initial_weights", *place), detail, code)
