"""Preparation of inputs within a training step: bytes to floats, and augmentation of images."""

from collections.abc import Callable
from dataclasses import dataclass
from math import radians
from typing import Any

from core.datasets.augmentation import Augmentation
from models.runtime import tf
from models.seeds import derive_seed

Augment = Callable[[Any, Any], Any]
"""Augments images (n, height, width[, channels]), given the number of the step; keeps their shape."""

NUM_DRAWS = 7

RANDOM_BITS = 24
"""Random bits for a float32 between 0 and 1."""


def make_augmentation(spec: Augmentation, seed: int) -> Augment | None:
    """Return the augmentation of a spec; None if there is none.

    In this order: flip, shift, rotate, crop. The random numbers of an image depend only on the seed, the step and its
    index in the batch, and are the same in a graph and in an XLA program. Shifts are by whole pixels. Rotations are
    about the centre, with linear interpolation, and repeat the border as shifts do.

    Args:
        spec: Augmentation of the spec.
        seed: Seed of the experiment.
    """
    if not spec.is_any:
        return None
    key = derive_seed(seed, "augmentation")

    def augment(images: Any, step: Any) -> Any:
        values = images if images.shape.rank == 4 else images[..., tf.newaxis]  # noqa: PLR2004 - with channels
        draws = _draw(tf.shape(values)[0], key, step)
        values = _flip_and_shift(spec, values, draws[:4])
        if spec.rotation:
            values = _rotate(values, (2 * draws[4] - 1) * radians(spec.rotation))
        if spec.crop:
            values = _crop(values, spec.crop, draws[5], draws[6])
        return tf.reshape(values, tf.shape(images))

    return augment


def _draw(num_images: Any, key: int, step: Any) -> Any:
    """Draw numbers from 0 to below 1: (NUM_DRAWS, num_images)."""
    # Bits, because TensorFlow's kernels and XLA make different floats of the same bits (models.fit.programs.tracing).
    seed = tf.stack([tf.constant(key, tf.int32), tf.cast(step, tf.int32)])
    bits = tf.random.stateless_uniform(
        (NUM_DRAWS, num_images), seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    high_bits = tf.bitcast(tf.bitwise.right_shift(bits, tf.constant(32 - RANDOM_BITS, tf.uint32)), tf.int32)
    return tf.cast(high_bits, tf.float32) / (1 << RANDOM_BITS)


def _flip_and_shift(spec: Augmentation, values: Any, draws: Any) -> Any:
    for axis, (flips, flipping, shifting) in enumerate(
        ((spec.vertical_flip, draws[0], draws[1]), (spec.horizontal_flip, draws[2], draws[3])), start=1
    ):
        if not flips and not spec.shift:
            continue
        size = values.shape[axis]
        places = tf.range(size)[tf.newaxis]
        if spec.shift:
            places -= _whole((2 * shifting - 1) * (spec.shift * size))[:, tf.newaxis]
            places = tf.clip_by_value(places, 0, size - 1)
        if flips:
            places = tf.where((flipping < 0.5)[:, tf.newaxis], size - 1 - places, places)  # noqa: PLR2004 - half of them
        values = tf.gather(values, places, axis=axis, batch_dims=1)
    return values


def _crop(values: Any, border: int, down: Any, across: Any) -> Any:
    """Pad the images with zeros and crop them to their size at a random position."""
    for axis, draws in ((1, down), (2, across)):
        size = values.shape[axis]
        first = tf.cast(tf.floor(draws * (2 * border + 1)), tf.int32) - border
        places = tf.range(size)[tf.newaxis] + first[:, tf.newaxis]
        is_inside = (places >= 0) & (places < size)
        values = tf.gather(values, tf.clip_by_value(places, 0, size - 1), axis=axis, batch_dims=1)
        shape = (-1, size, 1, 1) if axis == 1 else (-1, 1, size, 1)
        values *= tf.cast(tf.reshape(is_inside, shape), values.dtype)
    return values


def _rotate(values: Any, angles: Any) -> Any:
    """Rotate each image anticlockwise by its angle in radians: float32."""
    height, width, num_channels = values.shape[1:]
    centre_y, centre_x = (height - 1) / 2, (width - 1) / 2
    down = tf.range(height, dtype=tf.float32)[:, tf.newaxis] - centre_y
    across = tf.range(width, dtype=tf.float32)[tf.newaxis] - centre_x
    cosine, sine = (tf.reshape(part, (-1, 1, 1)) for part in (tf.cos(angles), tf.sin(angles)))
    y = tf.clip_by_value(sine * across + cosine * down + centre_y, 0.0, height - 1.0)
    x = tf.clip_by_value(cosine * across - sine * down + centre_x, 0.0, width - 1.0)
    top, left = tf.floor(y), tf.floor(x)
    pixels = tf.reshape(tf.cast(values, tf.float32), (-1, height * width, num_channels))

    def corner(row: Any, column: Any) -> Any:
        places = tf.cast(tf.minimum(row, height - 1.0) * width + tf.minimum(column, width - 1.0), tf.int32)
        flat = tf.gather(pixels, tf.reshape(places, (-1, height * width)), batch_dims=1)
        return tf.reshape(flat, (-1, height, width, num_channels))

    def between(first: Any, second: Any, share: Any) -> Any:
        return first + (second - first) * share[..., tf.newaxis]

    upper = between(corner(top, left), corner(top, left + 1), x - left)
    lower = between(corner(top + 1, left), corner(top + 1, left + 1), x - left)
    return between(upper, lower, y - top)


def _whole(numbers: Any) -> Any:
    return tf.cast(tf.round(numbers), tf.int32)


@dataclass(frozen=True, slots=True)
class StepPreparation:
    """Part of the preparation that runs in each step, so that pixels can be stored as bytes.

    Attributes:
        factor: Multiplies every number.
        augment: Augmentation of training inputs; None for none.
    """

    factor: float = 1.0
    augment: Callable[[Any, Any], Any] | None = None

    def for_training(self, inputs: Any, step: Any) -> Any:
        """Prepare training inputs for the network."""
        return self.for_evaluation(inputs if self.augment is None else self.augment(inputs, step))

    def for_evaluation(self, inputs: Any) -> Any:
        """Prepare held-out inputs for the network."""
        numbers = inputs if inputs.dtype == tf.float32 else tf.cast(inputs, tf.float32)
        return numbers if self.factor == 1.0 else numbers * tf.constant(self.factor, tf.float32)


AS_STORED = StepPreparation()
"""For inputs that are stored as the network reads them."""
