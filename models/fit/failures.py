"""Saying why a fit cannot go on, and what to try."""

from typing import Any

import numpy as np

from core.errors import LossNotFinite, TrainingFailed
from core.specs.base import SpecModel
from core.specs.training import Training
from models.fit.meter import LOSS, Values


def count_sound_steps(values: Values) -> int:
    """How many steps come before the first whose loss is not a finite number; values are (steps, names)."""
    broken = np.flatnonzero(~np.isfinite(values[:, LOSS]))
    return int(broken[0]) if len(broken) else len(values)


def broken_step(loss: float, step: int, epoch: int, training: Training) -> LossNotFinite:
    """The error for a step, counted from 1, whose loss is not a finite number."""
    return LossNotFinite(_describe(f"The loss became {loss} at step {step} (epoch {epoch}).", training))


def check_loss(values: Values, what: str, training: Training) -> None:
    """See that the loss over the samples of `what`, such as `validation`, is a finite number.

    Raises:
        LossNotFinite: If it is not.
    """
    if not np.isfinite(values[LOSS]):
        what_happened = f"The {what} loss is {values[LOSS]}: the weights have grown without bounds."
        raise LossNotFinite(_describe(what_happened, training))


def check_first_loss(values: Values, training: Training) -> None:
    """See that a network that is not trained has a loss over its training samples that is a finite number.

    Raises:
        LossNotFinite: If it has not.
    """
    if not np.isfinite(values[LOSS]):
        hint = " The Poisson loss needs outputs above 0." if training.loss.traits.needs_positive else ""
        raise LossNotFinite(
            f"The loss of the network as it starts is {values[LOSS]}. Try smaller first weights (initial_weights, "
            f"initializers), or inputs and targets of size about 1 (dataset.scaling).{hint}"
        )


def check_weights(network: Any, training: Training) -> None:
    """See that the last update did no harm that no loss has shown yet.

    Raises:
        TrainingFailed: If a weight is not a finite number.
    """
    for weight in network.weights:
        if not np.isfinite(weight.numpy()).all():
            what_happened = f"The weights of {weight.path} are no longer finite after the last step."
            raise TrainingFailed(_describe(what_happened, training))


def _describe(what_happened: str, training: Training) -> str:
    """Say what happened, and what to try."""
    optimizer = training.optimizer
    rate = optimizer.learning_rate
    advice = ["a slower learning-rate schedule" if isinstance(rate, SpecModel) else f"a learning_rate below {rate:g}"]
    if optimizer.clipnorm is None and optimizer.clipvalue is None and optimizer.global_clipnorm is None:
        advice.append("gradient clipping (training.optimizer.clipnorm: 1.0)")
    if training.precision == "mixed_float16":
        advice.append("training.precision 'mixed_bfloat16', which holds numbers as large as float32 does")
    if training.loss.traits.needs_positive:
        advice.append("a last activation whose outputs stay above 0, as the Poisson loss needs (softplus)")
    advice.append("inputs and targets of size about 1 (dataset.scaling)")
    return f"{what_happened} Try {', '.join(advice[:-1])}, or {advice[-1]}."
