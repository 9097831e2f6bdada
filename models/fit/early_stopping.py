"""Early stopping, as in `keras.callbacks.EarlyStopping`."""

from collections.abc import Mapping
from typing import Any

from core.specs.training import EarlyStopping
from models.checkpoints.state import State


def curve_of(spec: EarlyStopping) -> str:
    """Return the key of the curve that a rule monitors, epoch by epoch."""
    return f"epoch/{'validation' if spec.watches_validation else 'train'}/{spec.measure}"


class StoppingRule:
    """Monitors a curve, epoch by epoch, and keeps the best weights if they are to be restored.

    Args:
        spec: Spec of early stopping; core.checks.length has checked that its metric is measured.
        network: Network whose weights are kept.
    """

    def __init__(self, spec: EarlyStopping, network: Any) -> None:
        self._spec = spec
        self._network = network
        self._key = curve_of(spec)
        self._best: float | None = None
        self._best_weights: list[Any] | None = None
        self._wait = 0

    def should_stop(self, epoch: int, measured: Mapping[str, float], *, is_validated: bool) -> bool:
        """Update the rule after an epoch, and return whether to stop.

        Args:
            epoch: Number of the epoch, counted from 1.
            measured: Last value of each curve, by its key.
            is_validated: Whether this epoch has been validated; if not, a rule that monitors validation skips it.
        """
        if epoch <= self._spec.start_from_epoch or (self._spec.watches_validation and not is_validated):
            return False
        value = measured[self._key]
        if self._spec.restore_best_weights and self._best_weights is None:
            self._best_weights = self._network.get_weights()
        self._wait += 1
        if self._improves(value):
            self._best = value
            self._wait = 0
            if self._spec.restore_best_weights:
                self._best_weights = self._network.get_weights()
            return False
        # Keras never stops after the first epoch.
        return self._wait >= self._spec.patience and epoch > 1

    def save_state(self) -> State:
        """Return the best value with its weights, and the epochs since then."""
        return {"best": self._best, "wait": self._wait, "best_weights": self._best_weights}

    def load_state(self, state: State) -> None:
        """Go on where another rule was."""
        self._best = state["best"]
        self._wait = state["wait"]
        self._best_weights = state["best_weights"]

    def be_patient_again(self) -> None:
        """Count the epochs without improvement from here on."""
        self._wait = 0

    def finish(self) -> bool:
        """Restore the best weights, if the spec asks for it.

        Returns:
            Whether they were restored.
        """
        if self._best_weights is None:
            return False
        self._network.set_weights(self._best_weights)
        return True

    def _improves(self, value: float) -> bool:
        if self._best is None:
            return True
        if self._spec.is_rising:
            return value - self._spec.min_delta > self._best
        return value + self._spec.min_delta < self._best
