"""Steps that also record what goes on inside the network: gradients, activations, weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.specs.training import RecordName
from models.fit.arrays import Batch
from models.fit.meter import Meter, State
from models.fit.programs.learning import Learner
from models.networks.weights import named_weights
from models.preparation.augmentation import StepPreparation
from models.runtime import keras, tf


class RecordingLearner(Learner):
    """Learns the same, and puts what it records as one more part behind the state of each step: (len(recorded),).

    Args:
        network: A keras.Model.
        optimizer: Keras's.
        loss: Keras's.
        meter: What to measure.
        preparation: What happens to inputs before they reach the network.
        record: What to record besides.
    """

    def __init__(
        self,
        network: Any,
        optimizer: Any,
        loss: Any,
        meter: Meter,
        preparation: StepPreparation,
        record: Sequence[RecordName],
    ) -> None:
        super().__init__(network, optimizer, loss, meter, preparation)
        trained = [layer for layer in network.layers if layer.trainable_variables]
        self._trained = trained if "gradient_norms" in record else []
        self._watched = list(filter(_is_worth_recording, network.layers)) if "activations" in record else []
        self._shown = [layer for layer in network.layers if layer.weights] if "weights" in record else []
        # The same layers under the same name: what a step computes is what it computes without watching.
        outputs = [*network.outputs, *(layer.output for layer in self._watched)]
        self._watching = keras.Model(network.inputs, outputs, name=network.name)
        self.recorded = (
            *(f"gradient_norm/{layer.name}" for layer in self._trained),
            *(f"activation_{what}/{layer.name}" for layer in self._watched for what in ("mean", "stddev", "zeros")),
            *(name for layer in self._shown for name in _name_numbers(layer)),
        )

    def update(self, batch: Batch) -> State:
        """Update the weights by a batch; what it measured before the update, and what is recorded."""
        inputs, targets, *weights = batch
        with tf.GradientTape() as tape:
            outputs, *activations = tf.nest.flatten(self._watching(inputs, training=True))
            loss = self.loss(targets, outputs, *weights)
            scaled_loss = self.optimizer.scale_loss(loss)
        variables = self.network.trainable_variables
        gradients = tape.gradient(scaled_loss, variables)
        # Before the update: an optimizer for float16 may change its scale with it.
        recorded = [*self._gradient_norms(gradients), *(number for one in activations for number in _describe(one))]
        self.optimizer.apply(gradients, variables)
        weights_now = [tf.reshape(weight, (-1,)) for layer in self._shown for weight in named_weights(layer).values()]
        rows = [*([tf.stack(recorded)] if recorded else []), *weights_now]
        # A network without weights may have nothing to record.
        return [*self.meter.measure(loss, targets, outputs), *([tf.concat(rows, axis=0)] if rows else [])]

    def _gradient_norms(self, gradients: Sequence[Any]) -> list[Any]:
        """The length of each layer's gradient, all its weights taken as one vector."""
        places = {id(variable): place for place, variable in enumerate(self.network.trainable_variables)}
        scale = self.optimizer.scale_loss(tf.constant(1.0))
        return [
            tf.linalg.global_norm([gradients[places[id(weight)]] for weight in layer.trainable_variables]) / scale
            for layer in self._trained
        ]


def _is_worth_recording(layer: Any) -> bool:
    """Return whether a layer's output is worth recording: others only reshape or thin out what came in."""
    return bool(layer.weights) or isinstance(layer, keras.layers.Activation)


def _describe(activation: Any) -> tuple[Any, Any, Any]:
    """Mean, standard deviation and share of zeros."""
    values = tf.cast(activation, tf.float32)
    zeros = tf.reduce_mean(tf.cast(tf.equal(values, 0.0), tf.float32))
    return tf.reduce_mean(values), tf.math.reduce_std(values), zeros


def _name_numbers(layer: Any) -> list[str]:
    """A name for each number of a layer's weights, such as `weight/dense_1/kernel_0_2`."""
    return [
        "_".join([f"weight/{layer.name}/{name}", *map(str, place)])
        for name, weight in named_weights(layer).items()
        for place in np.ndindex(*weight.shape)
    ]
