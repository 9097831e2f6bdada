"""A training step, as traced by every program."""

from typing import Any

from models.fit.arrays import Batch
from models.fit.meter import Meter, State
from models.preparation.augmentation import AS_STORED, StepPreparation
from models.runtime import tf


class Learner:
    """Computes the training and evaluation steps of a network.

    Args:
        network: A keras.Model.
        optimizer: Keras optimizer; its variables are created here.
        loss: Keras loss.
        meter: Loss and metrics.
        preparation: Preparation of inputs within each step.

    Attributes:
        recorded: Names of the statistics in one more part after the state of a step; () for no such part.
    """

    recorded: tuple[str, ...] = ()

    def __init__(
        self, network: Any, optimizer: Any, loss: Any, meter: Meter, preparation: StepPreparation = AS_STORED
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.meter = meter
        self._preparation = preparation
        self._loss = loss
        optimizer.build(network.trainable_variables)

    @property
    def variables(self) -> list[Any]:
        """All variables that a step changes: weights, moving averages, optimizer variables and seeds of dropout."""
        return [*self.network.variables, *self.optimizer.variables]

    def learn(self, batch: Batch) -> State:
        """Update the weights by a stored batch, and return its state before the update."""
        inputs, *others = batch
        return self.update((self._preparation.for_training(inputs, self.optimizer.iterations), *others))

    def update(self, batch: Batch) -> State:
        """Update the weights by a prepared batch, and return its state before the update."""
        inputs, targets, *weights = batch
        with tf.GradientTape() as tape:
            outputs = self.network(inputs, training=True)
            loss = self.loss(targets, outputs, *weights)
            # Only an optimizer for float16 scales the loss; it divides the gradients by the scale.
            scaled_loss = self.optimizer.scale_loss(loss)
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, variables), variables)
        return self.meter.measure(loss, targets, outputs)

    def evaluate(self, batch: Batch) -> tuple[State, Any]:
        """Evaluate a batch, and return its state and its outputs."""
        inputs, targets, *weights = batch
        outputs = self.network(self._preparation.for_evaluation(inputs), training=False)
        return self.meter.measure(self.loss(targets, outputs, *weights), targets, outputs), outputs

    def loss(self, targets: Any, outputs: Any, *weights: Any) -> Any:
        """Return the loss of the outputs plus the penalties of regularizers."""
        return tf.add_n([self._loss(targets, outputs, *weights), *self.network.losses])
