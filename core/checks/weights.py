"""Check the weights in a spec: weights of classes in the loss, and initial weights of layers."""

from collections.abc import Sequence

from core.checks.layer_names import describe_unknown
from core.datasets.shape import DatasetShape
from core.errors import InvalidSpec, Problem, json_pointer, nearest
from core.networks.layer_table import LayerRow
from core.signatures.labels import Label, find_classes, label_text
from core.specs.base import NUM_LISTED
from core.specs.training import ClassWeight
from core.specs.weights import Nested, NumbersByLayer, list_numbers, shape_of_numbers

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


def check_given_weights(given: NumbersByLayer, layers: Sequence[LayerRow], place: Sequence[str]) -> None:
    """Check initial weights that are numbers against the layer table.

    Args:
        given: Numbers by layer and weight.
        layers: Layers of the network.
        place: Fields that lead to them.

    Raises:
        InvalidSpec: With a problem for each unknown layer or weight, and for each array of another shape.
    """
    by_name = {row.name: row for row in layers}
    problems: list[Problem] = []
    for name, weights in given.items():
        row = by_name.get(name)
        if row is None or not row.weights:
            detail = describe_unknown(name, layers)
            problems.append(Problem(json_pointer(*place, name), detail, "unknown_layer"))
            continue
        for weight, numbers in weights.items():
            detail, code = _check(row, weight, numbers)
            if detail:
                problems.append(Problem(json_pointer(*place, name, weight), detail, code))
    if problems:
        problems = problems[:NUM_LISTED]
        raise InvalidSpec(" ".join(problem.detail for problem in problems), problems)


def _check(row: LayerRow, name: str, numbers: Nested) -> tuple[str, str]:
    """Return the mistake in the numbers of a weight and its code; empty if there is none."""
    expected, given = row.weights.get(name), shape_of_numbers(numbers)
    if expected is None:
        return f"Unknown weight '{name}' of {row.name}.{nearest(name, list(row.weights))}", "unknown_weight"
    if given != expected:
        return f"Expected numbers of shape {expected} for {row.name}/{name}; got {given}.", "shape_mismatch"
    if name.endswith("moving_variance") and (smallest := min(list_numbers(numbers))) < 0:
        detail = f"Expected numbers of at least 0 for {row.name}/{name}, a variance; got {smallest:g}."
        return detail, "negative_variance"
    return "", ""
