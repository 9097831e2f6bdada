"""Losses by Keras's names, and a table of their traits."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from core.specs.base import Bool, Fraction, SpecModel, object_of_name


class TargetForm(StrEnum):
    """Form of the targets of a loss."""

    NUMBERS = "numbers"
    """Numbers; classes are 0 and 1, one-hot if there is an output for each class."""
    SIGNS = "signs"
    """Numbers; classes and bits are −1 and 1, with the decision boundary at 0."""
    CLASS_NUMBERS = "class numbers"
    """Index of the class."""


class Probability(StrEnum):
    """Activation that turns logits into the probabilities of a cross-entropy."""

    SIGMOID = "sigmoid"
    """Independent outputs; a single output is the probability of the second of two classes."""
    SOFTMAX = "softmax"
    """Mutually exclusive classes."""


@dataclass(frozen=True, slots=True)
class LossTraits:
    """Traits of a loss.

    Attributes:
        alias: Keras's short name.
        targets: Form of its targets.
        probability: Activation for logits; None if the loss is not a cross-entropy.
        smooths_labels: Whether it takes `label_smoothing`.
        is_for_classes: Whether it requires class targets.
        needs_every_class: Whether it requires an output for each class, also for two classes.
        is_difference: Whether it depends only on the difference of target and output, so that both may be scaled.
        is_squared: Whether it grows with the square of that difference.
        needs_positive: Whether it requires outputs above 0.
    """

    alias: str | None = None
    targets: TargetForm = TargetForm.NUMBERS
    probability: Probability | None = None
    smooths_labels: bool = False
    is_for_classes: bool = False
    needs_every_class: bool = False
    is_difference: bool = False
    is_squared: bool = False
    needs_positive: bool = False


LOSSES = {
    "mean_squared_error": LossTraits("mse", is_difference=True, is_squared=True),
    "half_mean_squared_error": LossTraits(is_difference=True, is_squared=True),
    "mean_absolute_error": LossTraits("mae", is_difference=True),
    "mean_absolute_percentage_error": LossTraits("mape"),
    "mean_squared_logarithmic_error": LossTraits("msle"),
    "huber": LossTraits(is_difference=True),
    "log_cosh": LossTraits("logcosh", is_difference=True),
    "binary_crossentropy": LossTraits("bce", probability=Probability.SIGMOID, smooths_labels=True),
    "categorical_crossentropy": LossTraits(
        probability=Probability.SOFTMAX, smooths_labels=True, is_for_classes=True, needs_every_class=True
    ),
    "sparse_categorical_crossentropy": LossTraits(
        targets=TargetForm.CLASS_NUMBERS, probability=Probability.SOFTMAX, is_for_classes=True, needs_every_class=True
    ),
    "kl_divergence": LossTraits("kld", needs_every_class=True),
    "poisson": LossTraits(needs_positive=True),
    "hinge": LossTraits(targets=TargetForm.SIGNS),
    "squared_hinge": LossTraits(targets=TargetForm.SIGNS),
    "categorical_hinge": LossTraits(is_for_classes=True, needs_every_class=True),
}
"""Every loss; models/objectives/losses.py has the Keras class of each."""

LOSS_ALIASES = {traits.alias: name for name, traits in LOSSES.items() if traits.alias}

if TYPE_CHECKING:
    LossName = str
    LossAlias = str
    LossWord = str
else:
    # The schema takes its names from the table; mypy accepts only literals that are written out.
    LossName = Literal[tuple(LOSSES)]
    LossAlias = Literal[tuple(LOSS_ALIASES)]
    LossWord = Literal[(*LOSSES, *LOSS_ALIASES)]


def _full_name(value: Any) -> Any:
    return LOSS_ALIASES.get(value, value) if isinstance(value, str) else value


AnyLossName = Annotated[LossName, BeforeValidator(_full_name, json_schema_input_type=LossWord)]


class Loss(SpecModel):
    """Loss that training minimizes."""

    name: AnyLossName
    from_logits: Bool = False
    """True if the outputs of the network are logits; cross-entropies only."""
    label_smoothing: Fraction = 0.0
    """Amount of label smoothing; binary and categorical cross-entropy only."""

    @model_validator(mode="after")
    def _check_arguments(self) -> "Loss":
        if self.from_logits and self.traits.probability is None:
            raise ValueError(f"Only cross-entropies take from_logits; got '{self.name}'. Leave it out")
        if self.label_smoothing and not self.traits.smooths_labels:
            raise ValueError(
                f"Only binary and categorical cross-entropy take label_smoothing; got '{self.name}'. Leave it out"
            )
        return self

    @property
    def traits(self) -> LossTraits:
        """Traits of this loss."""
        return LOSSES[self.name]


NamedLoss = Annotated[Loss, BeforeValidator(object_of_name, json_schema_input_type=LossWord | Loss)]
"""The name of a loss, or an object with its arguments."""
