"""How well a trained network answers samples that it has not learned from: written beside the model, shown by the API.

Numbers that the samples leave undefined, such as the precision of a class that was never answered, are null.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.signatures.signature import Task

MOST_CLASSES = 200
"""Classes up to which every pair of actual and answered class is counted; above, each class by itself."""

MOST_PAIRS = 500
"""Pairs of target and prediction that are kept of one output of a regression."""

MOST_OUTPUTS_WITH_PAIRS = 4
"""Outputs of a regression, the first ones, of which pairs are kept."""

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, use_attribute_docstrings=True)


class ClassEvaluation(_Part):
    """How well one class was told from the others."""

    label: str
    precision: Share | None
    """Of the samples answered with this class, the share that are of it; null where none was."""
    recall: Share | None
    """Of the samples of this class, the share answered with it; null where there are none."""
    f1: Share | None
    """Harmonic mean of both, 2·correct / (support + predicted); null where there is neither."""
    support: int
    """Samples of this class."""
    predicted: int
    """Samples answered with this class."""
    correct: int
    """Samples of this class answered with it."""


class AverageEvaluation(_Part):
    """Means over those classes where the number is defined; null where there are none.

    The same as those of scikit-learn's `classification_report` where it is told to leave undefined numbers out.
    """

    precision: Share | None
    recall: Share | None
    f1: Share | None


class ClassificationEvaluation(_Part):
    """Answers of a classifier, each the class that the model would answer a client with."""

    accuracy: Share
    """The share of samples answered with their class."""
    macro_average: AverageEvaluation
    """Every class counts alike."""
    weighted_average: AverageEvaluation
    """Every class counts by its support."""
    classes: tuple[ClassEvaluation, ...]
    """In the order of the network's outputs."""
    confusion_matrix: tuple[tuple[int, ...], ...] | None
    """A row for each actual class and in it a column for each answered one, in the order of `classes`; null for more
    than 200 classes."""


class PairSample(_Part):
    """Some samples' targets and what was predicted for them, drawn at random."""

    targets: tuple[float, ...]
    predictions: tuple[float, ...]


class OutputEvaluation(_Part):
    """Errors of one output; the steps of a sequence are rows of their own."""

    name: str
    """The column it predicts, else its number, counted from 0."""
    mean_absolute_error: float | None
    root_mean_squared_error: float | None
    r2_score: float | None
    """1 − squared errors / squared distances of the targets from their mean; null where all targets are the same."""
    sample: PairSample | None
    """Up to 500 pairs; null from the fifth output on."""


class RegressionEvaluation(_Part):
    """Errors of predicted numbers. One too large for a float is null."""

    mean_absolute_error: float | None
    """Over all outputs."""
    root_mean_squared_error: float | None
    """Root of the mean over all outputs."""
    r2_score: float | None
    """Mean over the outputs, as scikit-learn's and Keras's; null where one of them has none."""
    outputs: tuple[OutputEvaluation, ...]


class BitsEvaluation(_Part):
    """Answers that are sequences of bits."""

    bit_accuracy: Share
    """The share of bits that are right."""
    sequence_accuracy: Share
    """The share of sequences all of whose bits are right."""
    accuracy_by_place: tuple[Share, ...]
    """The share of right bits at each place, the least significant first."""


class SplitEvaluation(_Part):
    """What held-out samples of one split gave. Every sample counts alike, but in a weighted loss."""

    num_samples: int
    metrics: dict[str, float | None]
    """Loss and the metrics of the spec; null where a value is not finite."""
    classification: ClassificationEvaluation | None = None
    regression: RegressionEvaluation | None = None
    bits: BitsEvaluation | None = None


class SplitCounts(_Part):
    """Samples of each split."""

    train: int
    validation: int
    test: int


class EvaluationReport(_Part):
    """A trained network, with the weights that were saved, on the samples held out from its training."""

    task: Task
    num_samples: SplitCounts
    validation: SplitEvaluation | None
    """Null where no samples were held out for validation."""
    test: SplitEvaluation | None
    """Null where no samples were held out for test."""
