"""Stock `Model.fit`, called as a user of Keras calls it."""

from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.measurement import Measurement
from core.checks.length import FitLength, measure_length
from core.experiment import ExperimentSpec
from models.assembly import assemble
from models.fit.arrays import Arrays
from models.objectives.losses import make_loss
from models.objectives.optimizers import make_optimizer
from models.runtime import find_device_name, tf


def fit_stock(spec: ExperimentSpec, datasets_dir: Path) -> Measurement:
    """Train the network of a spec with Keras alone, on arrays in memory, with the validation of the spec."""
    assembly = assemble(spec, datasets_dir)
    network, data, training = assembly.network, assembly.data.prepared(), spec.training
    length = measure_length(training, len(data.train))
    num_epochs, steps_per_epoch = epochs_and_steps(length)
    samples: dict[str, Any] = {"x": data.train.inputs, "y": data.train.targets, "batch_size": length.batch_size}
    if (steps_per_epoch or 0) > length.steps_per_pass:
        samples = {"x": repeat(data.train, length.batch_size, shuffle=training.shuffle)}

    started, cpu_started = perf_counter(), process_time()
    network.compile(
        optimizer=keras_own(make_optimizer(training.optimizer)),
        loss=make_loss(training.loss),
        metrics=list(training.metrics),
    )
    history = network.fit(
        **samples,
        epochs=num_epochs,
        steps_per_epoch=steps_per_epoch,
        shuffle=training.shuffle,
        validation_data=(data.validation.inputs, data.validation.targets) if len(data.validation) else None,
        validation_freq=training.validation_freq,
        verbose=0,
    ).history
    seconds, cpu_seconds = perf_counter() - started, process_time() - cpu_started

    num_steps = int(network.optimizer.iterations.numpy())
    if num_steps != length.num_steps:
        raise RuntimeError(f"Keras took {num_steps} steps; expected {length.num_steps} as in the spec.")
    return Measurement(seconds, num_steps, float(history["loss"][-1]), find_device_name(), cpu_seconds)


def keras_own(optimizer: Any) -> Any:
    """Return the equivalent optimizer of Keras, without our fused update rules."""
    own: Any = next(kind for kind in type(optimizer).__mro__ if kind.__module__.startswith("keras."))
    return own.from_config(optimizer.get_config())


def repeat(samples: Arrays, batch_size: int, *, shuffle: bool) -> Any:
    """Repeat the batches, for epochs longer than a pass: on arrays, `Model.fit` makes one pass per epoch."""
    dataset = tf.data.Dataset.from_tensor_slices((samples.inputs, samples.targets))
    if shuffle:
        dataset = dataset.shuffle(len(samples))
    return dataset.batch(batch_size).repeat().prefetch(tf.data.AUTOTUNE)


def epochs_and_steps(length: FitLength) -> tuple[int, int | None]:
    """Return `epochs` and `steps_per_epoch` for `Model.fit` that add up to the steps of a fit.

    A length that ends within an epoch becomes one long epoch, which saves Keras the work between epochs.
    """
    if length.num_steps % length.steps_per_epoch:
        return 1, length.num_steps
    steps_per_epoch = None if length.steps_per_epoch == length.steps_per_pass else length.steps_per_epoch
    return length.num_steps // length.steps_per_epoch, steps_per_epoch
