"""One training step, as every program traces it."""

from typing import Any

from models.fit.arrays import Batch
from models.fit.meter import Meter, State
from models.preparation.augmentation import AS_STORED, StepPreparation
from models.runtime import tf


class Learner:
    """A network and all that one step of its training needs.

    Args:
        network: A keras.Model.
        optimizer: Keras's; its variables are made here.
        loss: Keras's.
        meter: What to measure.
        preparation: What happens to inputs before they reach the network.

    Attributes:
        recorded: Names of what a step gives besides, in one more part behind its state; () for no such part.
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
        """Everything that a step changes: weights, moving averages, the optimizer's own and the dropout's seeds."""
        return [*self.network.variables, *self.optimizer.variables]

    def learn(self, batch: Batch) -> State:
        """Update the weights by a batch as it is stored; what it measured before the update."""
        inputs, *others = batch
        return self.update((self._preparation.for_training(inputs, self.optimizer.iterations), *others))

    def update(self, batch: Batch) -> State:
        """Update the weights by a batch as the network takes it; what it measured before the update."""
        inputs, targets, *weights = batch
        with tf.GradientTape() as tape:
            outputs = self.network(inputs, training=True)
            loss = self.loss(targets, outputs, *weights)
            # Only an optimizer for float16 scales, and takes its scale out of the gradients again.
            scaled_loss = self.optimizer.scale_loss(loss)
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, variables), variables)
        return self.meter.measure(loss, targets, outputs)

    def evaluate(self, batch: Batch) -> tuple[State, Any]:
        """Measure a batch and give the answers to it, learning nothing."""
        inputs, targets, *weights = batch
        outputs = self.network(self._preparation.for_evaluation(inputs), training=False)
        return self.meter.measure(self.loss(targets, outputs, *weights), targets, outputs), outputs

    def loss(self, targets: Any, outputs: Any, *weights: Any) -> Any:
        """The loss of the outputs and what regularizers add to it."""
        return tf.add_n([self._loss(targets, outputs, *weights), *self.network.losses])
