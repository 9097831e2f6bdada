"""Whether a regression's targets are standardised while it learns."""

from core.errors import InvalidSpec, Problem
from core.specs.experiment import ExperimentSpec
from core.specs.layers import DenseLayer
from core.specs.own_data import ArraysDataset, SeriesDataset, TableDataset

SQUARED_LOSSES = frozenset({"mean_squared_error", "half_mean_squared_error"})
SCALED_LOSSES = SQUARED_LOSSES | {"mean_absolute_error", "huber", "log_cosh"}
"""Losses that depend on the difference of target and answer alone; the others mean the numbers as they are."""


def check_target_scaling(spec: ExperimentSpec, *, is_classification: bool) -> None:
    """Hold `dataset.target_scaling` against what is learned.

    Raises:
        InvalidSpec: If it asks for what can not be done.
    """
    dataset = spec.dataset
    if not isinstance(dataset, TableDataset | SeriesDataset | ArraysDataset) or dataset.target_scaling != "standardize":
        return
    detail = ""
    if is_classification:
        detail = "Classes can not be standardised. Leave target_scaling out."
    elif spec.training.loss.name not in SCALED_LOSSES:
        detail = (
            f"The loss {spec.training.loss.name} takes targets as they are. Set target_scaling to none, or use one of "
            f"{', '.join(sorted(SCALED_LOSSES))}."
        )
    if detail:
        raise InvalidSpec(detail, [Problem("/dataset/target_scaling", detail, "targets_not_scaled")])


def scales_targets(spec: ExperimentSpec, *, is_classification: bool) -> bool:
    """Whether targets are standardised; `check_target_scaling` has passed the spec.

    `auto` does so where nothing says that the network's numbers are meant as they are: weights given by hand, a last
    layer that can not answer every number, or a loss that knows a zero.
    """
    dataset = spec.dataset
    if is_classification or not isinstance(dataset, TableDataset | SeriesDataset | ArraysDataset):
        return False
    if dataset.target_scaling != "auto":
        return dataset.target_scaling == "standardize"
    last = spec.model.layers[-1]
    answers_any_number = isinstance(last, DenseLayer) and last.activation == "linear"
    return answers_any_number and spec.training.loss.name in SCALED_LOSSES and not spec.initial_weights
