"""Losses by Keras's names, and all that tells one from another: a row in a table for each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from core.specs.base import Bool, Fraction, SpecModel, name_alone


class TargetForm(StrEnum):
    """The form of the targets that a loss compares outputs with."""

    NUMBERS = "numbers"
    """Any numbers; of classes 0 and 1, one-hot where there is an output for each."""
    SIGNS = "signs"
    """Likewise, but −1 and 1 where something is to be chosen: the border lies at 0."""
    CLASS_NUMBERS = "class numbers"
    """The number of the right class."""


class Probability(StrEnum):
    """The activation that turns the outputs of a network into the probabilities that a cross-entropy compares."""

    SIGMOID = "sigmoid"
    """Each output by itself; of two classes, one output is the probability of the second."""
    SOFTMAX = "softmax"
    """Of classes that exclude one another."""


@dataclass(frozen=True, slots=True)
class LossTraits:
    """One loss.

    Attributes:
        alias: Keras's short name.
        targets: Their form.
        probability: For cross-entropies, which also take logits: what makes probabilities of them.
        smooths_labels: Whether it takes `label_smoothing`.
        is_for_classes: Whether targets that are numbers have no meaning for it.
        needs_every_class: Whether it compares the outputs of all classes: one for the second of two is not enough.
        is_difference: Whether it depends on the difference of target and output alone, so that both may be scaled.
        is_squared: Whether it grows with the square of that difference.
        needs_positive: Whether outputs have to be above 0.
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
"""Every loss. Its place in models is the table in models/objectives/losses.py."""

LOSS_ALIASES = {traits.alias: name for name, traits in LOSSES.items() if traits.alias}

if TYPE_CHECKING:
    LossName = str
    LossAlias = str
else:
    # The names of a schema are those of the table; mypy takes only literals that are written out.
    LossName = Literal[tuple(LOSSES)]
    LossAlias = Literal[tuple(LOSS_ALIASES)]


def _full_name(value: Any) -> Any:
    return LOSS_ALIASES.get(value, value) if isinstance(value, str) else value


AnyLossName = Annotated[LossName, BeforeValidator(_full_name, json_schema_input_type=LossName | LossAlias)]


class Loss(SpecModel):
    """What training makes small."""

    name: AnyLossName
    from_logits: Bool = False
    """Cross-entropies: the network's outputs are not yet probabilities."""
    label_smoothing: Fraction = 0.0
    """Binary and categorical cross-entropy."""

    @model_validator(mode="after")
    def _check_arguments(self) -> "Loss":
        if self.from_logits and self.traits.probability is None:
            raise ValueError(f"from_logits belongs to cross-entropies; '{self.name}' has none")
        if self.label_smoothing and not self.traits.smooths_labels:
            raise ValueError(f"label_smoothing belongs to binary and categorical cross-entropy, not to '{self.name}'")
        return self

    @property
    def traits(self) -> LossTraits:
        """Traits that tell this loss from others."""
        return LOSSES[self.name]


NamedLoss = Annotated[Loss, BeforeValidator(name_alone, json_schema_input_type=LossName | LossAlias | Loss)]
"""A loss by name alone, or as an object with its arguments."""
