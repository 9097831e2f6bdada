"""Training on several devices at once: each computes its share of every batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import TrainingFailed
from models.fit.arrays import Batch
from models.fit.meter import Meter, State
from models.fit.programs.learning import Learner
from models.preparation.augmentation import AS_STORED, StepPreparation
from models.runtime import has_gpu, list_devices, tf


@contextmanager
def mirrored(num_devices: int) -> Iterator[None]:
    """Let what is built and trained meanwhile have a copy of every variable on each of so many devices.

    One device is left as it is.

    Raises:
        TrainingFailed: If there are fewer devices.
    """
    if num_devices == 1:
        yield
        return
    devices = list_devices()
    if num_devices > len(devices):
        raise TrainingFailed(
            f"training.devices is {num_devices}, but a trainer here has {len(devices)}: {', '.join(devices)}. Ask for "
            "fewer, or give each trainer more GPUs (TRAINYARD_GPUS_PER_TRAINER)."
        )
    # TensorFlow's default, collective operations, would bind the process to the number of devices it uses first.
    reduction = tf.distribute.NcclAllReduce() if has_gpu() else tf.distribute.ReductionToOneDevice()
    with tf.distribute.MirroredStrategy(devices[:num_devices], cross_device_ops=reduction).scope():
        yield


def is_mirrored() -> bool:
    """Return whether what is built now has copies on several devices."""
    return bool(tf.distribute.has_strategy())


class MirroredLearner(Learner):
    """Learns a batch in equal shares, one a device, and adds up their gradients.

    The numbers are those of one device up to rounding, but for what follows from a device seeing its share alone:
    batch normalisation's means and variances, and dropout's masks. Keras draws the same mask for each share.
    """

    def __init__(
        self, network: Any, optimizer: Any, loss: Any, meter: Meter, preparation: StepPreparation = AS_STORED
    ) -> None:
        super().__init__(network, optimizer, loss, meter, preparation)
        # Keras would add up gradients after each device has clipped its own; here they are added up before.
        updating = getattr(optimizer, "inner_optimizer", optimizer)
        updating._all_reduce_sum_gradients = list  # noqa: SLF001 - Keras has no public way to say so.

    def update(self, batch: Batch) -> State:
        """Update the weights by a batch; what it measured before the update."""
        strategy = tf.distribute.get_strategy()
        states = strategy.run(self._learn_share, args=(batch,))
        return [strategy.reduce(tf.distribute.ReduceOp.SUM, part, axis=None) for part in states]

    def loss(self, targets: Any, outputs: Any, *weights: Any) -> Any:
        """The loss of the outputs and what regularizers add to it, as on one device."""
        # Keras divides by the number of devices, wherever there are several, what it expects to be added up.
        count = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.add_n([count * self._loss(targets, outputs, *weights), *self.network.losses])

    def _learn_share(self, batch: Batch) -> State:
        share, size = _share_of(batch)
        num_samples = tf.cast(tf.shape(batch[0])[0], tf.float32)
        inputs, targets, *weights = share
        with tf.GradientTape() as tape:
            outputs = self.network(inputs, training=True)
            # A mean over the share; what regularizers add is the same everywhere.
            loss = self.loss(targets, outputs, *weights)
            penalty = tf.add_n(self.network.losses) if self.network.losses else 0.0
            part = (loss - penalty) * (size / num_samples) + penalty / tf.distribute.get_strategy().num_replicas_in_sync
            scaled_part = self.optimizer.scale_loss(part)
        variables = self.network.trainable_variables
        gradients = tape.gradient(scaled_part, variables)
        context = tf.distribute.get_replica_context()
        self.optimizer.apply(context.all_reduce(tf.distribute.ReduceOp.SUM, gradients), variables)
        is_counted = tf.cast(size > 0, tf.float32)
        return [value * is_counted for value in self.meter.measure(loss, targets, outputs)]


def _share_of(batch: Batch) -> tuple[Batch, Any]:
    """This device's rows of a batch, and how many they are.

    A batch may have fewer rows than there are devices. One that would get none takes the first, to count nothing.
    """
    context = tf.distribute.get_replica_context()
    number, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
    num_rows = tf.shape(batch[0])[0]
    start, stop = num_rows * number // count, num_rows * (number + 1) // count
    # Sliced where the batch lies: only the share is sent to another device.
    with tf.device(batch[0].device):
        share = tuple(part[tf.minimum(start, num_rows - 1) : tf.maximum(stop, start + 1)] for part in batch)
    return share, tf.cast(stop - start, tf.float32)
