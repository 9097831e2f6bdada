"""TensorBoard's events: tensorflow/core/util/event.proto, framework/summary.proto and tensor.proto."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from api.tensorboard.messages import (
    FIXED_32,
    FIXED_64,
    MAX_VARINT_BYTES,
    VARINT,
    bytes_field,
    bytes_key,
    double_field,
    integer_field,
    key,
    text_field,
    varint,
)
from api.tensorboard.records import frame, frame_rows
from core.curves.points import Points

EVENT_WALL_TIME, EVENT_STEP, EVENT_FILE_VERSION, EVENT_SUMMARY = 1, 2, 3, 5
SUMMARY_VALUE = 1
VALUE_TAG, VALUE_SIMPLE, VALUE_TENSOR, VALUE_METADATA = 1, 2, 8, 9
METADATA_PLUGIN, METADATA_DATA_CLASS = 1, 4
PLUGIN_NAME, PLUGIN_CONTENT = 1, 2
TENSOR_TYPE, TENSOR_SHAPE, TENSOR_STRINGS = 1, 2, 8
SHAPE_DIMENSION = DIMENSION_SIZE = 1

CLASS_TENSOR = 2
TYPE_FLOAT, TYPE_STRING = 1, 7

FILE_VERSION = "brain.Event:2"
"""From this version on, readers do not take a lower step for a restart, so curves may follow one another."""

EMPTY_TENSOR = integer_field(TENSOR_TYPE, TYPE_FLOAT) + bytes_field(
    TENSOR_SHAPE, bytes_field(SHAPE_DIMENSION, integer_field(DIMENSION_SIZE, 0))
)
"""Of a value whose metadata say all there is; TensorBoard's data server drops values without one."""

NUM_FLOAT_BYTES = 4
POINTS_AT_ONCE = 16_384
"""Points that are encoded together: their bytes fit into a processor's cache."""


def write_start(wall_time: float) -> bytes:
    """Return the record that begins an event file."""
    return frame(double_field(EVENT_WALL_TIME, wall_time) + text_field(EVENT_FILE_VERSION, FILE_VERSION))


def write_text(tag: str, text: str, wall_time: float) -> bytes:
    """Return a record of Markdown for the TEXT tab."""
    tensor = integer_field(TENSOR_TYPE, TYPE_STRING) + bytes_field(TENSOR_SHAPE, b"") + text_field(TENSOR_STRINGS, text)
    return _write_value(tag, wall_time, "text", b"", tensor)


def write_plugin_data(tag: str, plugin: str, content: bytes, wall_time: float) -> bytes:
    """Return a record of data that a plugin reads from the metadata of a tag."""
    return _write_value(tag, wall_time, plugin, content, EMPTY_TENSOR)


def write_curve(tag: str, points: Points) -> Iterator[bytes]:
    """Yield records of the points of a curve, many at once.

    TensorBoard's scalars are single precision: values are rounded to the nearest, so those beyond 3.4e38 become
    infinities. Its data server shows no scalars of any other type, nor drops them with a word.
    """
    # A varint's length depends on its number, and steps rise: records of one length stand together.
    limits = np.searchsorted(points.steps, [1 << 7 * num_bytes for num_bytes in range(1, MAX_VARINT_BYTES)])
    starts = [0, *limits.tolist()]
    for start, end in zip(starts, [*starts[1:], len(points)], strict=True):
        for first in range(start, end, POINTS_AT_ONCE):
            yield _write_points(tag, points, slice(first, min(first + POINTS_AT_ONCE, end)))


def _write_points(tag: str, points: Points, span: slice) -> bytes:
    """Return records of points, one at least, whose steps are varints of one length."""
    times, steps = points.times[span], points.steps[span]
    with np.errstate(over="ignore"):
        values = points.values[span].astype("<f4")
    head = text_field(VALUE_TAG, tag) + key(VALUE_SIMPLE, FIXED_32)
    num_bytes = len(head) + NUM_FLOAT_BYTES
    value = bytes_key(SUMMARY_VALUE, num_bytes) + head
    summary = bytes_key(EVENT_SUMMARY, len(value) + NUM_FLOAT_BYTES) + value
    parts = [
        _repeat(key(EVENT_WALL_TIME, FIXED_64), len(steps)),
        _as_bytes(times.astype("<f8")),
        _repeat(key(EVENT_STEP, VARINT), len(steps)),
        _as_varints(steps),
        _repeat(summary, len(steps)),
        _as_bytes(values),
    ]
    return frame_rows(np.hstack(parts))


def _write_value(tag: str, wall_time: float, plugin: str, content: bytes, tensor: bytes) -> bytes:
    """Return a record of one tensor, with metadata that name the plugin that shows it."""
    data = text_field(PLUGIN_NAME, plugin) + bytes_field(PLUGIN_CONTENT, content)
    metadata = bytes_field(METADATA_PLUGIN, data) + integer_field(METADATA_DATA_CLASS, CLASS_TENSOR)
    value = text_field(VALUE_TAG, tag) + bytes_field(VALUE_METADATA, metadata) + bytes_field(VALUE_TENSOR, tensor)
    summary = bytes_field(SUMMARY_VALUE, value)
    return frame(double_field(EVENT_WALL_TIME, wall_time) + bytes_field(EVENT_SUMMARY, summary))


def _repeat(content: bytes, num_rows: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.frombuffer(content, np.uint8), (num_rows, len(content)))


def _as_bytes(numbers: NDArray[np.floating]) -> NDArray[np.uint8]:
    return numbers[:, None].view(np.uint8)


def _as_varints(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return (n, num_bytes) varints of rising numbers that all have one length."""
    num_bytes = len(varint(int(numbers[0])))
    parts = numbers[:, None] >> np.arange(0, 7 * num_bytes, 7) & 0x7F
    parts[:, :-1] |= 0x80
    return parts.astype(np.uint8)
