"""Errors of a fit that cannot continue, with advice."""

from typing import Any

import numpy as np

from core.errors import LossNotFinite, TrainingFailed
from core.specs.base import SpecModel
from core.specs.training import Training
from models.fit.meter import LOSS, Values


def count_sound_steps(values: Values) -> int:
    """Count the steps before the first whose loss is not finite; values are (steps, names)."""
    broken = np.flatnonzero(~np.isfinite(values[:, LOSS]))
    return int(broken[0]) if len(broken) else len(values)


def broken_step(loss: float, step: int, epoch: int, training: Training) -> LossNotFinite:
    """Return the error for a step, counted from 1, whose loss is not finite."""
    return LossNotFinite(_describe(f"The loss became {loss} at step {step} (epoch {epoch}).", training))


def check_loss(values: Values, what: str, training: Training) -> None:
    """Check that the loss over the samples of `what`, such as `validation`, is finite.

    Raises:
        LossNotFinite: If it is not.
    """
    if not np.isfinite(values[LOSS]):
        what_happened = f"The {what} loss is {values[LOSS]}: the weights have diverged."
        raise LossNotFinite(_describe(what_happened, training))


def check_first_loss(values: Values, training: Training) -> None:
    """Check that a network that is not trained has a finite loss over the training samples.

    Raises:
        LossNotFinite: If it does not.
    """
    if not np.isfinite(values[LOSS]):
        hint = " The Poisson loss needs outputs above 0." if training.loss.traits.needs_positive else ""
        raise LossNotFinite(
            f"The loss before training is {values[LOSS]}. Try smaller initial weights (initial_weights, "
            f"initializers), or inputs and targets of size about 1 (dataset.scaling).{hint}"
        )


def check_weights(network: Any, training: Training) -> None:
    """Check the weights after the last update, which no loss shows.

    Raises:
        TrainingFailed: If a weight is not finite.
    """
    for weight in network.weights:
        if not np.isfinite(weight.numpy()).all():
            what_happened = f"The weights of {weight.path} are no longer finite after the last step."
            raise TrainingFailed(_describe(what_happened, training))


def _describe(what_happened: str, training: Training) -> str:
    """Describe what happened and what to try."""
    optimizer = training.optimizer
    rate = optimizer.learning_rate
    advice = ["a slower learning-rate schedule" if isinstance(rate, SpecModel) else f"a learning_rate below {rate:g}"]
    if optimizer.clipnorm is None and optimizer.clipvalue is None and optimizer.global_clipnorm is None:
        advice.append("gradient clipping (training.optimizer.clipnorm: 1.0)")
    if training.precision == "mixed_float16":
        advice.append("training.precision 'mixed_bfloat16', which has the range of float32")
    if training.loss.traits.needs_positive:
        advice.append("a last activation whose outputs stay above 0, as the Poisson loss needs (softplus)")
    advice.append("inputs and targets of size about 1 (dataset.scaling)")
    return f"{what_happened} Try {', '.join(advice[:-1])}, or {advice[-1]}."
