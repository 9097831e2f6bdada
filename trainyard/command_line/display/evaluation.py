"""Evaluation of a run's network on held-out samples, in a terminal."""

import json

from trainyard.command_line.display.formats import format_count, format_number, format_table
from trainyard.resources.evaluation import Classification, ClassNumbers, Errors, Evaluation, Label, SplitEvaluation

FEW_CLASSES = 12
LONGEST_LABEL = 30


def format_glance(evaluation: Evaluation) -> str:
    """Format the test samples, or else those of validation: numbers, and a table of the classes where they are few."""
    return format_split(evaluation.splits[0], is_short=True) if evaluation.splits else ""


def format_evaluation(evaluation: Evaluation) -> str:
    """Format everything but the pairs of targets and predictions; "" where no samples were held out."""
    return "\n\n".join(format_split(split) for split in evaluation.splits)


def format_split(split: SplitEvaluation, *, is_short: bool = False) -> str:
    """Format one split; `is_short` leaves out the confusion matrix, and the classes where they are many."""
    numbers = [f"{name} {_show(value)}" for name, value in split.metrics.items()]
    if split.bit_accuracy is not None:
        numbers.append(f"right bits {_show(split.bit_accuracy)}")
        numbers.append(f"sequences right as a whole {_show(split.sequence_accuracy)}")
    parts = [f"{split.name.capitalize()}, {format_count(split.num_samples)} samples: {', '.join(numbers)}"]
    if split.classification is not None:
        parts.append(_format_classes(split.classification, is_short=is_short))
        matrix = split.classification.confusion_matrix
        if matrix and len(matrix) <= FEW_CLASSES and not is_short:
            parts.append(_format_matrix(split.classification))
    if split.errors:
        parts.append(_format_errors(split.errors))
    return "\n".join(parts)


def _format_classes(classification: Classification, *, is_short: bool) -> str:
    is_cut = is_short and len(classification.classes) > FEW_CLASSES
    rows = [] if is_cut else [_class_row(part) for part in classification.classes]
    total = format_count(sum(part.support for part in classification.classes))
    rows.append(["accuracy", "", "", _show_share(classification.accuracy), total])
    rows += [_class_row(part) for part in classification.averages]
    headers = ["CLASS", "PRECISION", "RECALL", "F1", "SUPPORT"]
    return format_table(headers, rows, right=headers[1:])


def _class_row(part: ClassNumbers) -> list[str]:
    numbers = map(_show_share, (part.precision, part.recall, part.f1))
    return [_cut(part.label), *numbers, format_count(part.support)]


def _format_matrix(classification: Classification) -> str:
    labels = [_cut(part.label) for part in classification.classes]
    headers = ["ACTUAL \\ ANSWERED", *labels]
    rows = [
        [label, *map(format_count, row)] for label, row in zip(labels, classification.confusion_matrix, strict=True)
    ]
    return f"\n{format_table(headers, rows, right=labels)}"


def _format_errors(errors: tuple[Errors, ...]) -> str:
    rows = [
        [_cut(part.name), *map(_show, (part.mean_absolute_error, part.root_mean_squared_error, part.r2_score))]
        for part in errors
    ]
    headers = ["", "MAE", "RMSE", "R²"]
    return format_table(headers, rows, right=headers[1:])


def _cut(label: Label) -> str:
    text = label if isinstance(label, str) else json.dumps(label)
    # Labels come from users' data and must not contain control codes of the terminal.
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def _show(value: float | None) -> str:
    return "–" if value is None else format_number(value)


def _show_share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
