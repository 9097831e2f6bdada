"""Check the weights that a spec gives: those of classes in the loss, and the network's first ones."""

from collections.abc import Iterable, Sequence

from core.datasets.shape import DatasetShape
from core.errors import InvalidSpec, Problem, json_pointer, nearest
from core.experiment import ExperimentSpec
from core.networks.table import LayerRow
from core.specs.base import NUM_LISTED
from core.specs.weights import Nested, list_numbers, shape_of_numbers

MOST_COMPARED = 100
"""Labels up to which the nearest one is looked for; among more, that takes too long and listing them helps nobody."""


def number_classes(names: Iterable[str], labels: Sequence[str]) -> dict[str, int]:
    """The number of each class that is named by its label or, where no label is the same, by its number.

    Names of no class are left out.
    """
    by_label = {label: number for number, label in enumerate(labels)}
    by_number = {str(number): number for number in range(len(labels))}
    known = by_number | by_label
    return {name: known[name] for name in names if name in known}


def check_class_weight(spec: ExperimentSpec, shape: DatasetShape) -> None:
    """Hold the names in `training.class_weight` against the dataset's classes.

    Raises:
        InvalidSpec: If there are no classes, or with a problem for each name that is none of them or one named before.
    """
    weights = spec.training.class_weight
    if weights is None:
        return
    if not shape.class_labels:
        detail = (
            "class_weight weighs samples by their class, but this dataset has no class labels. Leave it out; samples "
            "of the dataset 'inline' can be weighed one by one with sample_weight."
        )
        raise InvalidSpec(detail, [Problem("/training/class_weight", detail, "no_classes")])
    if weights == "balanced":
        return
    problems: list[Problem] = []
    numbers = number_classes(weights, shape.class_labels)
    named: dict[int, str] = {}
    for name in weights:
        number = numbers.get(name)
        if number is None:
            problems.append(_class_problem(name, _unknown(name, shape.class_labels), "unknown_class"))
        elif number in named:
            detail = f"'{named[number]}' and '{name}' are the same class. Keep one of them."
            problems.append(_class_problem(name, detail, "class_named_twice"))
        else:
            named[number] = name
        if len(problems) == NUM_LISTED:
            break
    if problems:
        raise InvalidSpec(" ".join(problem.detail for problem in problems), problems)


def _unknown(name: str, labels: Sequence[str]) -> str:
    detail = f"'{name}' is not a class of this dataset."
    if len(labels) <= MOST_COMPARED:
        return detail + nearest(name, labels)
    return f"{detail} There are {len(labels):,}; name them by label, or by number from 0 to {len(labels) - 1}."


def _class_problem(name: str, detail: str, code: str) -> Problem:
    return Problem(json_pointer("training", "class_weight", name), detail, code)


MOST_LAYERS_COMPARED = 100
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
            problems.append(_weights_problem((name,), detail + _nearest_layer(name, layers), "unknown_layer"))
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
        return [_weights_problem(place, detail, "unknown_weight")]
    if given != expected:
        detail = f"{row.name}/{name} has shape {given}; this network needs {expected}."
        return [_weights_problem(place, detail, "shape_mismatch")]
    if name.endswith("moving_variance") and min(list_numbers(numbers)) < 0:
        detail = f"{row.name}/{name} has a number below 0; no variance is."
        return [_weights_problem(place, detail, "negative_variance")]
    return []


def _nearest_layer(name: str, layers: Sequence[LayerRow]) -> str:
    known = [row.name for row in layers if row.weights]
    if len(known) <= MOST_LAYERS_COMPARED:
        return nearest(name, known)
    return f" {len(known):,} layers have weights; a dry run (POST /v1/specs:validate) lists them."


def _shown(name: str) -> str:
    return f"'{name}'"


def _weights_problem(place: Sequence[str], detail: str, code: str) -> Problem:
    return Problem(json_pointer("initial_weights", *place), detail, code)
