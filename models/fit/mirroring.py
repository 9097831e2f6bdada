"""Training on several devices, each with a share of every batch."""

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
    """Copy the variables of networks built in this context to several devices.

    It has no effect for one device.

    Raises:
        TrainingFailed: If the machine has fewer devices.
    """
    if num_devices == 1:
        yield
        return
    devices = list_devices()
    if num_devices > len(devices):
        raise TrainingFailed(
            f"training.devices is {num_devices}, but this trainer has {len(devices)}: {', '.join(devices)}. Use fewer "
            "devices, or give each trainer more GPUs (TRAINYARD_GPUS_PER_TRAINER)."
        )
    # TensorFlow's default, collective operations, ties the process to the number of devices it uses first.
    reduction = tf.distribute.NcclAllReduce() if has_gpu() else tf.distribute.ReductionToOneDevice()
    with tf.distribute.MirroredStrategy(devices[:num_devices], cross_device_ops=reduction).scope():
        yield


def is_mirrored() -> bool:
    """Return whether variables are currently copied to several devices."""
    return bool(tf.distribute.has_strategy())


class MirroredLearner(Learner):
    """Learner that splits each batch equally between devices, and adds up their gradients.

    Results equal those of one device up to rounding, except where a device uses its share only: means and variances
    of batch normalization, and masks of dropout. Keras draws the same mask for each share.
    """

    def __init__(
        self, network: Any, optimizer: Any, loss: Any, meter: Meter, preparation: StepPreparation = AS_STORED
    ) -> None:
        super().__init__(network, optimizer, loss, meter, preparation)
        # Keras adds up gradients after each device has clipped its own; here they are added up before.
        updating = getattr(optimizer, "inner_optimizer", optimizer)
        updating._all_reduce_sum_gradients = list  # noqa: SLF001 - Keras has no public way to say so.

    def update(self, batch: Batch) -> State:
        """Update the weights by a batch, and return its state before the update."""
        strategy = tf.distribute.get_strategy()
        states = strategy.run(self._learn_share, args=(batch,))
        return [strategy.reduce(tf.distribute.ReduceOp.SUM, part, axis=None) for part in states]

    def loss(self, targets: Any, outputs: Any, *weights: Any) -> Any:
        """Return the loss of the outputs plus the penalties of regularizers, as on one device."""
        # With several devices, Keras divides the loss by their number, because it expects a sum.
        count = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.add_n([count * self._loss(targets, outputs, *weights), *self.network.losses])

    def _learn_share(self, batch: Batch) -> State:
        share, size = _share_of(batch)
        num_samples = tf.cast(tf.shape(batch[0])[0], tf.float32)
        inputs, targets, *weights = share
        with tf.GradientTape() as tape:
            outputs = self.network(inputs, training=True)
            # A mean over the share; the penalties are the same on every device.
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
    """Return the rows of a batch for this device, and their number.

    A batch may have fewer rows than there are devices. A device without rows gets one, with the number 0.
    """
    context = tf.distribute.get_replica_context()
    number, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
    num_rows = tf.shape(batch[0])[0]
    start, stop = num_rows * number // count, num_rows * (number + 1) // count
    # Sliced on the device of the batch: only the share is sent to another device.
    with tf.device(batch[0].device):
        share = tuple(part[tf.minimum(start, num_rows - 1) : tf.maximum(stop, start + 1)] for part in batch)
    return share, tf.cast(stop - start, tf.float32)
