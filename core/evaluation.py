"""Evaluation of a trained network on held-out samples: stored with the model, returned by the API.

Undefined numbers, such as the precision of a class that was never predicted, are null.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.signatures.labels import Label
from core.signatures.signature import Task

MOST_CLASSES = 200
"""Most classes of a confusion matrix; with more, only each class by itself is counted."""

MOST_PAIRS = 500
"""Pairs of target and prediction that are stored for one output of a regression."""

MOST_OUTPUTS_WITH_PAIRS = 4
"""Number of outputs of a regression, the first ones, for which pairs are stored."""

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, use_attribute_docstrings=True)


class ClassEvaluation(_Part):
    """Precision, recall and counts of one class."""

    label: Label
    """As it was uploaded: text, a number, true or false."""
    precision: Share | None
    """Share of the samples predicted as this class that are of it; null if there are none."""
    recall: Share | None
    """Share of the samples of this class that are predicted as it; null if there are none."""
    f1: Share | None
    """Harmonic mean of both, 2·correct / (support + predicted); null if both counts are 0."""
    support: int
    """Samples of this class."""
    predicted: int
    """Samples predicted as this class."""
    correct: int
    """Samples of this class predicted as it."""


class AverageEvaluation(_Part):
    """Means over the classes for which the number is defined; null if there are none.

    Equal to those of scikit-learn's `classification_report` if it leaves out undefined numbers.
    """

    precision: Share | None
    recall: Share | None
    f1: Share | None


class ClassificationEvaluation(_Part):
    """Predictions of a classifier: for each sample the class that the model would return to a client."""

    accuracy: Share
    """Share of samples predicted as their class."""
    macro_average: AverageEvaluation
    """Unweighted mean over classes."""
    weighted_average: AverageEvaluation
    """Mean over classes weighted by support."""
    classes: tuple[ClassEvaluation, ...]
    """In the order of the network's outputs."""
    confusion_matrix: tuple[tuple[int, ...], ...] | None
    """A row for each actual class with a column for each predicted class, in the order of `classes`; null for more than
    200 classes."""


class PairSample(_Part):
    """Targets and predictions of some samples, drawn at random."""

    targets: tuple[float, ...]
    predictions: tuple[float, ...]


class OutputEvaluation(_Part):
    """Errors of one output; each step of a sequence counts as a row."""

    name: str
    """The predicted column, else the number of the output, counted from 0."""
    mean_absolute_error: float | None
    root_mean_squared_error: float | None
    r2_score: float | None
    """1 − squared errors / squared distances of the targets from their mean; null if all targets are equal."""
    sample: PairSample | None
    """Up to 500 pairs; null from the fifth output on."""


class RegressionEvaluation(_Part):
    """Errors of predicted numbers. One too large for a float is null."""

    mean_absolute_error: float | None
    """Over all outputs."""
    root_mean_squared_error: float | None
    """Root of the mean over all outputs."""
    r2_score: float | None
    """Mean over the outputs, as in scikit-learn and Keras; null if that of an output is null."""
    outputs: tuple[OutputEvaluation, ...]


class BitsEvaluation(_Part):
    """Predictions that are sequences of bits."""

    bit_accuracy: Share
    """Share of correct bits."""
    sequence_accuracy: Share
    """Share of sequences with every bit correct."""
    accuracy_by_place: tuple[Share, ...]
    """Share of correct bits at each place, the least significant first."""


class SplitEvaluation(_Part):
    """Evaluation on the samples of one split. All samples have the same weight, except in a weighted loss."""

    num_samples: int
    metrics: dict[str, float | None]
    """Loss and the metrics of the spec; null for values that are not finite."""
    classification: ClassificationEvaluation | None = None
    regression: RegressionEvaluation | None = None
    bits: BitsEvaluation | None = None


class SplitCounts(_Part):
    """Samples of each split."""

    train: int
    validation: int
    test: int


class EvaluationReport(_Part):
    """Evaluation of a trained network, with the saved weights, on the samples held out from training."""

    task: Task
    num_samples: SplitCounts
    validation: SplitEvaluation | None
    """Null if no samples were held out for validation."""
    test: SplitEvaluation | None
    """Null if no samples were held out for test."""
