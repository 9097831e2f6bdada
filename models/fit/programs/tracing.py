"""Reproducible tracing of programs: dropout masks, names, unrolled layers and restored variables."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from typing import Any

from keras.src.backend.tensorflow import random as keras_random
from tensorflow.python.framework import ops

from models.fit.plans.plan import list_layers
from models.runtime import keras, tf

MANTISSA_BITS = {"float32": 23, "float16": 10, "bfloat16": 7}
"""Number of the 32 random bits that TensorFlow's kernels use for a number, by dtype."""


@contextmanager
def masks_as_in_a_graph() -> Iterator[None]:
    """Make Keras's dropout, in XLA programs traced in this context, draw the same masks as in a graph.

    Both draw the same random bits (Philox, Salmon et al., 2011), but TensorFlow's kernels use the low bits for a number
    and XLA the high ones. Here the low ones are used.
    """
    original = keras_random.dropout
    keras_random.dropout = _dropout
    try:
        yield
    finally:
        keras_random.dropout = original


def _dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Replace `keras.src.backend.tensorflow.random.dropout`."""
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
    # The kernels compare with the rate rounded to their dtype.
    is_kept = uniform >= tf.cast(tf.constant(rate, inputs.dtype), tf.float32)
    return tf.where(is_kept, inputs * tf.constant(1 / (1 - rate), inputs.dtype), tf.zeros_like(inputs))


GRADIENT = "CustomGradient-"

ROOM = 1 << 20
"""Distance between the numbers of two programs; each uses some hundreds."""


@contextmanager
def stable_names(key: str) -> Iterator[None]:
    """Name the functions of programs traced in this context by `key`, independent of earlier programs of the process.

    TensorFlow numbers functions by a counter of the process, and XLA looks up its cache on disk by their names and
    contents: without this, only a process with the same history would find a program. Different programs must have
    different keys.
    """
    original = ops.uid
    start = int(sha256(key.encode()).hexdigest()[:10], 16) * ROOM
    numbers = count(start)
    _forget_gradients(range(start, start + ROOM))
    ops.uid = lambda: next(numbers)
    try:
        yield
    finally:
        ops.uid = original


def _forget_gradients(numbers: range) -> None:
    """Remove the gradients registered by the same program, if it was traced earlier in this process."""
    registry = ops.gradient_registry._registry  # noqa: SLF001 - it has no public way to take an entry back.
    names = [name for name in registry if name.startswith(GRADIENT)]
    for name in names:
        if int(name.removeprefix(GRADIENT)) in numbers:
            del registry[name]


@contextmanager
def unrolled(network: Any, *, is_unrolled: bool) -> Iterator[None]:
    """Unroll every recurrent layer in programs traced in this context; the network itself does not change.

    The operations are those of the loop in the same order, so results are equal up to rounding.
    """
    layers = [layer for layer in list_layers(network) if isinstance(layer, keras.layers.RNN)] if is_unrolled else []
    settings = [layer.unroll for layer in layers]
    for layer in layers:
        layer.unroll = True
    try:
        yield
    finally:
        for layer, setting in zip(layers, settings, strict=True):
            layer.unroll = setting


class Snapshot:
    """Copy of the values of variables, to restore them after a trial."""

    def __init__(self, variables: list[Any]) -> None:
        self._variables = variables
        self._values = [tf.identity(variable.value) for variable in variables]

    def restore(self) -> None:
        """Restore the value of every variable."""
        for variable, value in zip(self._variables, self._values, strict=True):
            variable.assign(value)
