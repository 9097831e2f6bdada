"""Ending a fit when a measure has stopped improving, as `keras.callbacks.EarlyStopping` does."""

from collections.abc import Mapping
from typing import Any

from core.specs.training import EarlyStopping


class StoppingRule:
    """Watches one curve, epoch by epoch, and keeps the best weights where they are to be restored.

    Args:
        spec: What to watch and how patiently; core.checks.length has found that it is measured.
        network: Whose weights are kept.
    """

    def __init__(self, spec: EarlyStopping, network: Any) -> None:
        self._spec = spec
        self._network = network
        self._key = f"epoch/{'validation' if spec.watches_validation else 'train'}/{spec.measure}"
        self._best: float | None = None
        self._best_weights: list[Any] | None = None
        self._wait = 0

    def should_stop(self, epoch: int, measured: Mapping[str, float], *, is_validated: bool) -> bool:
        """Take note of an epoch.

        Args:
            epoch: Counted from 1.
            measured: The last value of every curve, by its key.
            is_validated: Whether validation values are of this epoch; a rule that watches them skips it if not.
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
        # Keras never stops after the very first epoch.
        return self._wait >= self._spec.patience and epoch > 1

    def finish(self) -> bool:
        """Bring the best weights back, where that is asked for.

        Returns:
            Whether they were brought back.
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
