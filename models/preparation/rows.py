"""Preparation of whole arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from models.arrays.storage import Allocate
from models.arrays.windows import Windows
from models.runtime import keras, tf

Raw = npt.NDArray[np.float32]

NUMBERS_AT_ONCE = 1 << 22
"""16 MiB."""

MOST_ROWS_AT_ONCE = 8192


def prepare_rows(attach: Callable[[Any], Any], inputs: Any, allocate: Allocate, dtype: str = "float32") -> Any:
    """Apply preparation steps in Keras to an array.

    Args:
        attach: Applies the steps to a Keras tensor.
        inputs: (n, *input_shape), of any numeric dtype; may be memory-mapped. Of windows the rows are prepared.
        allocate: Makes the array for the result.
        dtype: Type of raw inputs that the steps need.

    Returns:
        (n, *input shape of the network), float32, or windows that read like it.
    """
    if isinstance(inputs, Windows):
        return inputs.over(prepare_rows(attach, inputs.rows, allocate, dtype))
    raw = keras.Input(inputs.shape[1:], name="raw", dtype=dtype)
    model = keras.Model(raw, attach(raw), name="preparation")
    compute = tf.function(lambda rows: model(rows, training=False), autograph=False, reduce_retracing=True)
    prepared: Raw = allocate((len(inputs), *model.output_shape[1:]))
    at_once = max(1, min(MOST_ROWS_AT_ONCE, NUMBERS_AT_ONCE // max(1, int(np.prod(inputs.shape[1:])))))
    for start in range(0, len(inputs), at_once):
        rows = slice(start, start + at_once)
        prepared[rows] = compute(tf.constant(inputs[rows], dtype)).numpy()
    return prepared
