"""Trace programs so that they are the same every time: dropout masks, names, unrolled layers, weights set back."""

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


GRADIENT = "CustomGradient-"

ROOM = 1 << 20
"""Numbers from one program to the next; each takes some hundreds."""


@contextmanager
def stable_names(key: str) -> Iterator[None]:
    """Name the functions of programs built meanwhile after `key`, whatever the process has built before.

    TensorFlow numbers functions by a counter of the process, and XLA finds what it keeps on disk by their names and
    contents: without this, a program would be found again only by a process that did just the same before. Programs
    that differ must have keys that differ.
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
    """Give the names of gradients free that the same program, built earlier in this process, has no more use for."""
    registry = ops.gradient_registry._registry  # noqa: SLF001 - it has no public way to take an entry back.
    names = [name for name in registry if name.startswith(GRADIENT)]
    for name in names:
        if int(name.removeprefix(GRADIENT)) in numbers:
            del registry[name]


@contextmanager
def unrolled(network: Any, *, is_unrolled: bool) -> Iterator[None]:
    """Unroll every recurrent layer in programs built meanwhile; the network itself stays as the spec says.

    The operations are those of the loop in the same order, so the numbers are the same up to rounding.
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
    """Values of variables, to be brought back after steps that shall not count."""

    def __init__(self, variables: list[Any]) -> None:
        self._variables = variables
        self._values = [tf.identity(variable.value) for variable in variables]

    def restore(self) -> None:
        """Give every variable its value back."""
        for variable, value in zip(self._variables, self._values, strict=True):
            variable.assign(value)
