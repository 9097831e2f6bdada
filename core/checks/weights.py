"""Check the weights in a spec: weights of classes in the loss, and initial weights of layers."""

from collections.abc import Sequence

from core.datasets.shape import DatasetShape
from core.errors import InvalidSpec, Problem, json_pointer, nearest
from core.networks.layer_table import LayerRow
from core.signatures.labels import Label, find_classes, label_text
from core.specs.base import NUM_LISTED
from core.specs.training import ClassWeight
from core.specs.weights import InitialWeights, Nested, list_numbers, shape_of_numbers

MOST_COMPARED = 100
"""Most labels among which the nearest is suggested; with more, that takes too long."""


def check_class_weight(weights: ClassWeight, shape: DatasetShape) -> None:
    """Check the names in `training.class_weight` against the classes of the dataset.

    Raises:
        InvalidSpec: If there are no classes, or with a problem for each name that is unknown or names a class twice.
    """
    if not shape.class_labels:
        detail = (
            "class_weight needs classes, but this dataset has no class labels. Leave it out, or weight each sample of "
            "the dataset 'inline' with sample_weight."
        )
        raise InvalidSpec(detail, [Problem("/training/class_weight", detail, "no_classes")])
    if weights == "balanced":
        return
    problems: list[Problem] = []
    numbers = find_classes(weights, shape.class_labels)
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


def _unknown(name: str, labels: Sequence[Label]) -> str:
    detail = f"Unknown class '{name}'."
    if len(labels) <= MOST_COMPARED:
        return detail + nearest(name, [label_text(label) for label in labels])
    return f"{detail} Use one of the {len(labels):,} labels."


def _class_problem(name: str, detail: str, code: str) -> Problem:
    return Problem(json_pointer("training", "class_weight", name), detail, code)


MOST_LAYERS_COMPARED = 100
"""Most layers among which the nearest name is suggested."""


def check_initial_weights(initial_weights: InitialWeights, layers: Sequence[LayerRow]) -> None:
    """Check `initial_weights` against the layer table.

    Raises:
        InvalidSpec: With a problem for each unknown layer or weight, and for each array of another shape.
    """
    by_name = {row.name: row for row in layers}
    problems: list[Problem] = []
    for name, weights in initial_weights.items():
        row = by_name.get(name)
        if row is None or not row.weights:
            detail = f"The layer {_shown(name)} has no weights." if row else f"Unknown layer {_shown(name)}."
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
        detail = f"Unknown weight {_shown(name)} of {row.name}.{nearest(name, list(row.weights))}"
        return [_weights_problem(place, detail, "unknown_weight")]
    if given != expected:
        detail = f"Expected numbers of shape {expected} for {row.name}/{name}; got {given}."
        return [_weights_problem(place, detail, "shape_mismatch")]
    if name.endswith("moving_variance") and (smallest := min(list_numbers(numbers))) < 0:
        detail = f"Expected numbers of at least 0 for {row.name}/{name}, a variance; got {smallest:g}."
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
