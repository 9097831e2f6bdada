"""What happens to stored inputs within a step, on their way to the network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.runtime import tf


@dataclass(frozen=True, slots=True)
class Front:
    """Makes of stored inputs what the network takes. Pixels stored as bytes take a quarter of the memory.

    Attributes:
        factor: Every number is multiplied by it.
        augment: Changes inputs that are learned from: takes them and the number of the step; None changes nothing.
    """

    factor: float = 1.0
    augment: Callable[[Any, Any], Any] | None = None

    def learn(self, inputs: Any, step: Any) -> Any:
        """Inputs to learn from in a step."""
        return self.judge(inputs if self.augment is None else self.augment(inputs, step))

    def judge(self, inputs: Any) -> Any:
        """Inputs that are only measured."""
        numbers = inputs if inputs.dtype == tf.float32 else tf.cast(inputs, tf.float32)
        return numbers if self.factor == 1.0 else numbers * tf.constant(self.factor, tf.float32)


NOTHING = Front()
"""For inputs that are stored as the network takes them."""
