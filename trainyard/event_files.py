"""Points of curves in an event file in double precision, as the service writes it for programs.

Framing and messages are TensorFlow's: record_writer.h, event.proto, summary.proto. The archive has its own
checksums.
"""

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from trainyard.errors import UnexpectedAnswer

_LENGTH = struct.Struct("<Q4x")
_CRC_BYTES = 4
_DOUBLE = struct.Struct("<d")
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_MORE = 0x80

EVENT_TIME, EVENT_STEP, EVENT_SUMMARY = 1, 2, 5
SUMMARY_VALUE = 1
VALUE_TAG, VALUE_TENSOR = 1, 8
TENSOR_DOUBLES = 6


class Point(NamedTuple):
    """A point of a curve: its metric, its training step, its value, and its time in seconds since the Unix epoch."""

    key: str
    step: int
    value: float
    unix_seconds: float


class Message(dict[int, bytes]):
    """The fields of a message by number; that which comes last of those that come again. Whole numbers are left out.

    Attributes:
        integers: The fields that are whole numbers.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.integers: dict[int, int] = {}
        position = 0
        while position < len(content):
            tag, position = _read_varint(content, position)
            number, form = tag >> 3, tag & 7
            if form == _VARINT:
                self.integers[number], position = _read_varint(content, position)
                continue
            if form == _BYTES:
                length, position = _read_varint(content, position)
            else:
                length = {_FIXED_64: 8, _FIXED_32: 4}[form]
            self[number] = content[position : position + length]
            position += length
        if position != len(content):
            raise IndexError("The message is cut off.")


def read_points(file: IO[bytes]) -> Iterator[Point]:
    """Yield the points of an event file, in its order: curve by curve, steps rising.

    Raises:
        UnexpectedAnswer: If the file is not one that the service writes.
    """
    while head := file.read(_LENGTH.size):
        try:
            (length,) = _LENGTH.unpack(head)
            content = file.read(length + _CRC_BYTES)
            if len(content) < length + _CRC_BYTES:
                raise IndexError("The file is cut off.")
            point = _read_event(content[:length])
        except (LookupError, struct.error, UnicodeDecodeError) as error:
            raise UnexpectedAnswer(
                "The event file of the run cannot be read. Check that client and service are of the same version."
            ) from error
        if point is not None:
            yield point


def _read_event(content: bytes) -> Point | None:
    """Return the point that an event is, or None if it holds no number."""
    event = Message(content)
    if EVENT_SUMMARY not in event:
        return None
    value = Message(Message(event[EVENT_SUMMARY])[SUMMARY_VALUE])
    tensor = Message(value[VALUE_TENSOR])
    if TENSOR_DOUBLES not in tensor:
        return None
    return Point(
        key=value[VALUE_TAG].decode(),
        step=event.integers.get(EVENT_STEP, 0),
        value=_DOUBLE.unpack(tensor[TENSOR_DOUBLES])[0],
        unix_seconds=_DOUBLE.unpack(event[EVENT_TIME])[0],
    )


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & ~_MORE) << shift
        if byte < _MORE:
            return value, position
        shift += 7
