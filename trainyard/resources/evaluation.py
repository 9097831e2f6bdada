"""Evaluation of a run's network on held-out samples. None is what the samples leave undefined."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from trainyard import documents
from trainyard.operation import Answer, Operation

Label = str | int | float | bool
"""Label of a class."""


@dataclass(frozen=True, slots=True)
class ClassNumbers:
    """Scores of one class against the others, or a mean over all.

    Attributes:
        label: As it was uploaded: text, a number, True or False; of a mean, its name.
    """

    label: Label
    precision: float | None
    recall: float | None
    f1: float | None
    support: int

    @classmethod
    def from_json(
        cls, body: documents.ClassEvaluation | documents.AverageEvaluation, label: Label, support: int
    ) -> Self:
        """Read a class or an average."""
        precision, recall, f1 = (_read_number(body.get(name)) for name in ("precision", "recall", "f1"))
        return cls(label, precision, recall, f1, support)


@dataclass(frozen=True, slots=True)
class Classification:
    """Answers of a classifier.

    Attributes:
        accuracy: Share of samples answered with their class.
        classes: In the order of the network's outputs.
        averages: Macro and weighted.
        confusion_matrix: A row for each actual class; empty where there are very many.
    """

    accuracy: float
    classes: tuple[ClassNumbers, ...]
    averages: tuple[ClassNumbers, ...]
    confusion_matrix: tuple[tuple[int, ...], ...]

    @classmethod
    def from_json(cls, body: documents.ClassificationEvaluation) -> Self:
        """Read the `classification` of a split."""
        classes = tuple(ClassNumbers.from_json(part, part["label"], int(part["support"])) for part in body["classes"])
        total = sum(part.support for part in classes)
        return cls(
            accuracy=float(body["accuracy"]),
            classes=classes,
            averages=(
                ClassNumbers.from_json(body["macro_average"], "macro average", total),
                ClassNumbers.from_json(body["weighted_average"], "weighted average", total),
            ),
            confusion_matrix=tuple(tuple(map(int, row)) for row in body.get("confusion_matrix") or ()),
        )


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one output, or of all."""

    name: str
    mean_absolute_error: float | None
    root_mean_squared_error: float | None
    r2_score: float | None

    @classmethod
    def from_json(cls, body: documents.RegressionEvaluation | documents.OutputEvaluation, name: str) -> Self:
        """Read the `regression` of a split, or one of its `outputs`."""
        keys = ("mean_absolute_error", "root_mean_squared_error", "r2_score")
        return cls(name, *(_read_number(body.get(key)) for key in keys))


@dataclass(frozen=True, slots=True)
class SplitEvaluation:
    """Evaluation on the samples of one split.

    Attributes:
        name: `test` or `validation`.
        num_samples: How many there are.
        metrics: Loss and metrics of the spec.
        classification: Of a classifier.
        errors: Of a regression: of each output and, where there are several, over all.
        bit_accuracy: Of sequences of bits, the share of right bits.
        sequence_accuracy: The share of sequences that are right as a whole.
    """

    name: str
    num_samples: int
    metrics: Mapping[str, float | None]
    classification: Classification | None
    errors: tuple[Errors, ...]
    bit_accuracy: float | None
    sequence_accuracy: float | None

    @classmethod
    def from_json(cls, body: documents.SplitEvaluation, name: str) -> Self:
        """Read one split of an evaluation."""
        bits: Mapping[str, Any] = body.get("bits") or {}
        classification, regression = body.get("classification"), body.get("regression")
        return cls(
            name=name,
            num_samples=int(body["num_samples"]),
            metrics={key: _read_number(value) for key, value in (body.get("metrics") or {}).items()},
            classification=None if classification is None else Classification.from_json(classification),
            errors=() if regression is None else _read_errors(regression),
            bit_accuracy=_read_number(bits.get("bit_accuracy")),
            sequence_accuracy=_read_number(bits.get("sequence_accuracy")),
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run's network on samples that it has not learned from.

    Attributes:
        splits: Those that have samples, the test first.
        document: All of the answer, as it came.
    """

    splits: tuple[SplitEvaluation, ...]
    document: documents.EvaluationReport

    @classmethod
    def from_json(cls, body: documents.EvaluationReport) -> Self:
        """Read a run's `evaluation`."""
        splits = (("test", body["test"]), ("validation", body["validation"]))
        present = tuple(SplitEvaluation.from_json(split, name) for name, split in splits if split is not None)
        return cls(present, body)


def get_evaluation(run_path: str) -> Operation[Evaluation]:
    """Fetch the evaluation of a run that has succeeded."""
    return Operation("GET", f"{run_path}/evaluation", lambda answer: answer.read_one(Evaluation))


def get_picture(run_path: str, split: str | None) -> Operation[str]:
    """Fetch the same as an SVG image."""
    parameters = [] if split is None else [("split", split)]
    return Operation("GET", f"{run_path}/evaluation.svg", Answer.read_text, parameters=parameters)


def _read_errors(body: documents.RegressionEvaluation) -> tuple[Errors, ...]:
    outputs = body.get("outputs") or ()
    each = [Errors.from_json(part, _name_output(str(part["name"]))) for part in outputs]
    # Of a single output there is nothing more to say over all.
    return tuple(each) if len(each) == 1 else (*each, Errors.from_json(body, "all outputs"))


def _name_output(name: str) -> str:
    return f"output {name}" if name.isdecimal() else name


def _read_number(value: Any) -> float | None:
    return None if value is None else float(value)
