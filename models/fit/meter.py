"""Loss and metrics of a step and of the epoch so far, inside a TensorFlow graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.fit.arrays import Arrays
from models.objectives.metrics import Measure
from models.runtime import keras, tf

Values = npt.NDArray[np.float32]
"""Of one or more steps; the last axis is a meter's names, of which the loss is the first."""

LOSS = 0

State = list[Any]


class Meter:
    """Measures steps and adds them up.

    The state of every metric is a sum over samples. So a step's state is worked out once: its result is the value
    of the step, and its sum with those of the steps before gives what `Model.fit` shows for the epoch.

    Attributes:
        names: `loss` and the metrics in the order of the spec; the columns of all values.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.names = ("loss", *(measure.name for measure in measures))
        self._loss = keras.metrics.Mean()
        self._measures = tuple(measures)

    def prepare(self, arrays: Arrays, output_shape: tuple[int, ...]) -> None:
        """Let metrics make the variables that depend on shapes, by one sample's targets and outputs of zero."""
        # The network itself is not asked: Keras's recurrent dropout would draw a mask, and all later ones would shift.
        targets, outputs = tf.constant(arrays.targets[:1]), tf.zeros((1, *output_shape))
        for measure in self._measures:
            measure.metric.update_state(*measure.read(targets, outputs))

    def zero(self) -> State:
        """The state of nothing measured."""
        return [tf.zeros(variable.shape, variable.dtype) for metric in self._metrics() for variable in metric.variables]

    def measure(self, loss: Any, targets: Any, outputs: Any) -> State:
        """The state of one batch."""
        state: State = []
        zeros = iter(self.zero())
        state += self._loss.stateless_update_state(
            _take(zeros, self._loss), loss, sample_weight=tf.cast(tf.shape(outputs)[0], tf.float32)
        )
        for measure in self._measures:
            state += measure.metric.stateless_update_state(
                _take(zeros, measure.metric), *measure.read(targets, outputs)
            )
        return state

    def values(self, state: State) -> Any:
        """Loss and metrics of a state: (len(names),), float32."""
        parts = iter(state)
        return tf.stack(
            [tf.cast(metric.stateless_result(_take(parts, metric)), tf.float32) for metric in self._metrics()]
        )

    def _metrics(self) -> list[Any]:
        return [self._loss, *(measure.metric for measure in self._measures)]


def _take(parts: Any, metric: Any) -> State:
    return [next(parts) for _ in metric.variables]
