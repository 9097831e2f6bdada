"""Loss and metrics of a step and of the epoch so far, in a TensorFlow graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.fit.arrays import Arrays
from models.objectives.metrics import Measure
from models.runtime import keras, tf

Values = npt.NDArray[np.float32]
"""Values of one or more steps; the last axis is the names of a meter, starting with the loss."""

LOSS = 0

State = list[Any]


class Meter:
    """Loss and metrics, whose states can be added up.

    The state of every metric is a sum over samples. So the state of a step is computed once: its result is the value
    of the step, and the result of its sum with previous states is the value that `Model.fit` shows for the epoch.

    Attributes:
        names: `loss` and the metrics in the order of the spec; the columns of values.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.names = ("loss", *(measure.name for measure in measures))
        self._loss = keras.metrics.Mean()
        self._measures = tuple(measures)

    def prepare(self, arrays: Arrays, output_shape: tuple[int, ...]) -> None:
        """Create the metric variables that depend on shapes, with the targets of one sample and outputs of zero."""
        # The network is not called: Keras's recurrent dropout would draw a mask, and all later masks would shift.
        targets, outputs = tf.constant(arrays.targets[:1]), tf.zeros((1, *output_shape))
        for measure in self._measures:
            measure.metric.update_state(*measure.read(targets, outputs))

    def zero(self) -> State:
        """Return the state before the first batch."""
        return [tf.zeros(variable.shape, variable.dtype) for metric in self._metrics() for variable in metric.variables]

    def measure(self, loss: Any, targets: Any, outputs: Any) -> State:
        """Return the state of one batch."""
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
        """Return loss and metrics of a state: (len(names),), float32."""
        parts = iter(state)
        return tf.stack(
            [tf.cast(metric.stateless_result(_take(parts, metric)), tf.float32) for metric in self._metrics()]
        )

    def _metrics(self) -> list[Any]:
        return [self._loss, *(measure.metric for measure in self._measures)]


def _take(parts: Any, metric: Any) -> State:
    return [next(parts) for _ in metric.variables]
