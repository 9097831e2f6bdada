"""Report of the evaluation of a network on held-out samples."""

import math
from pathlib import Path
from typing import assert_never

from core.artifacts import EVALUATION
from core.datasets.shape import DatasetShape
from core.evaluation import (
    BitsEvaluation,
    ClassificationEvaluation,
    EvaluationReport,
    RegressionEvaluation,
    SplitCounts,
    SplitEvaluation,
)
from core.experiment import ExperimentSpec
from core.signatures.signature import Task
from core.specs.losses import TargetForm
from models.evaluation.error_sums import ErrorTally, Offset
from models.evaluation.tallies import BitTally, ClassTally, HeldOut, MakeTally, Tally

ONE_IN_TWO = 0.5


def choose_tally(
    spec: ExperimentSpec, shape: DatasetShape, output_shape: tuple[int, ...], offset: Offset = None
) -> MakeTally:
    """Choose the tally that evaluates the predictions of a network.

    Classes and bits have the same thresholds as in the predictions of the saved model.

    Args:
        spec: Spec of the experiment; its loss defines the meaning of an output in training.
        shape: Shape of the dataset, with the names of targets.
        output_shape: Output shape of the network for one sample.
        offset: Number that predictions add to each output; None for none.
    """
    loss = spec.training.loss
    middle = 0.0 if loss.from_logits else ONE_IN_TWO

    def make(num_samples: int) -> Tally:
        match shape.task:
            case Task.CLASSIFICATION:
                return ClassTally(shape.class_labels, 0.0 if loss.traits.targets is TargetForm.SIGNS else middle)
            case Task.BINARY_ADDITION:
                return BitTally(output_shape[0], middle)
            case Task.REGRESSION | Task.SEQUENCE:
                num_rows = num_samples * math.prod(output_shape[:-1])
                return ErrorTally(_name_outputs(shape, output_shape[-1]), num_rows, offset)
            case _:
                assert_never(shape.task)

    return make


def _name_outputs(shape: DatasetShape, num_outputs: int) -> tuple[str, ...]:
    if shape.target_name and num_outputs == 1:
        return (shape.target_name,)
    return tuple(map(str, range(num_outputs)))


def write_report(
    shape: DatasetShape,
    num_samples: SplitCounts,
    validation: HeldOut | None,
    test: HeldOut | None,
    output_dir: Path,
) -> Path:
    """Write the evaluation of held-out samples to `evaluation.json`.

    Args:
        shape: Shape of the dataset.
        num_samples: Samples of each split.
        validation: Results on the validation samples; None if there are none.
        test: Likewise for the test samples.
        output_dir: Directory of the file.
    """
    report = EvaluationReport(
        task=shape.task,
        num_samples=num_samples,
        validation=describe_split(validation, num_samples.validation),
        test=describe_split(test, num_samples.test),
    )
    path = output_dir / EVALUATION
    path.write_text(report.model_dump_json() + "\n", encoding="utf-8")
    return path


def describe_split(held_out: HeldOut | None, num_samples: int) -> SplitEvaluation | None:
    """Describe the results on a split; None for a split without samples."""
    if held_out is None:
        return None
    answers = held_out.tally.report()
    return SplitEvaluation(
        num_samples=num_samples,
        metrics={name: value if math.isfinite(value) else None for name, value in held_out.metrics.items()},
        classification=answers if isinstance(answers, ClassificationEvaluation) else None,
        regression=answers if isinstance(answers, RegressionEvaluation) else None,
        bits=answers if isinstance(answers, BitsEvaluation) else None,
    )
