"""Which class each weight of `training.class_weight` is for."""

from collections.abc import Iterable, Sequence

from core.dataset_sizes import DatasetShape
from core.errors import InvalidSpec, Problem, json_pointer, nearest
from core.specs.base import NUM_LISTED
from core.specs.experiment import ExperimentSpec

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
            problems.append(_problem(name, _unknown(name, shape.class_labels), "unknown_class"))
        elif number in named:
            detail = f"'{named[number]}' and '{name}' are the same class. Keep one of them."
            problems.append(_problem(name, detail, "class_named_twice"))
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


def _problem(name: str, detail: str, code: str) -> Problem:
    return Problem(json_pointer("training", "class_weight", name), detail, code)
