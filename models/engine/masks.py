"""Dropout masks that are the same in an XLA program as outside of one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keras.src.backend.tensorflow import random as keras_random

from models.runtime import tf

MANTISSA_BITS = {"float32": 23, "float16": 10, "bfloat16": 7}
"""Of the 32 random bits for a number, as many as TensorFlow's kernels use, by the type that dropout is computed in."""


@contextmanager
def masks_as_in_a_graph() -> Iterator[None]:
    """Let Keras's dropout, in programs built meanwhile, drop what it drops in a graph.

    Both ways draw the same random bits (Philox, Salmon et al., 2011), but TensorFlow's kernels make a number of the
    low bits and XLA of the high ones. Here the low ones are taken.
    """
    original = keras_random.dropout
    keras_random.dropout = _dropout
    try:
        yield
    finally:
        keras_random.dropout = original


def _dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """As `keras.src.backend.tensorflow.random.dropout`."""
    if rate == 1.0:
        return tf.zeros_like(inputs)
    if rate == 0.0:
        return inputs
    drawn = keras_random._cast_seed(keras_random.draw_seed(seed))  # noqa: SLF001 - what the original does.
    shape = keras_random._get_concrete_noise_shape(inputs, noise_shape)  # noqa: SLF001
    bits = tf.random.stateless_uniform(shape, drawn, minval=None, maxval=None, dtype=tf.uint32, alg="philox")
    num_bits = MANTISSA_BITS[inputs.dtype.name]
    low_bits = tf.bitwise.bitwise_and(bits, tf.constant((1 << num_bits) - 1, tf.uint32))
    uniform = tf.cast(tf.bitcast(low_bits, tf.int32), tf.float32) / (1 << num_bits)
    # The kernels compare with the rate as their type has it.
    is_kept = uniform >= tf.cast(tf.constant(rate, inputs.dtype), tf.float32)
    return tf.where(is_kept, inputs * tf.constant(1 / (1 - rate), inputs.dtype), tf.zeros_like(inputs))
