"""Fields of a message in protocol buffers' wire format, https://protobuf.dev/programming-guides/encoding.

Nothing is copied or believed: every length is compared with the bytes that are there. What a parser might understand
in two ways, such as a message that comes twice and would be merged, is malformed here.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from serving.checks.errors import RejectedNetwork

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5

FIXED_BYTES = {FIXED_64: 8, FIXED_32: 4}

MAX_VARINT_BYTES = 10

LAST_BYTE = 0x80
"""Bytes below this end a varint; others say with their highest bit that another follows."""

Value = int | memoryview


class Message:
    """The fields of one message, by number.

    Args:
        content: Bytes of the message.
        name: Name of the message in errors.

    Raises:
        RejectedNetwork: If the bytes are not a message.
    """

    def __init__(self, content: memoryview, name: str) -> None:
        self._name = name
        self._fields: defaultdict[int, list[Value]] = defaultdict(list)
        try:
            for number, value in _read_fields(content):
                self._fields[number].append(value)
        except (IndexError, ValueError) as error:
            raise self._malformed("is cut off or damaged") from error

    def texts(self, number: int) -> list[str]:
        """Return the strings of a repeated field."""
        try:
            return [str(content, "utf-8") for content in self.contents(number)]
        except UnicodeDecodeError as error:
            raise self._malformed("has text that is not UTF-8") from error

    def text(self, number: int) -> str:
        """Return the string of a field, empty if there is none."""
        found = self.texts(number)
        self._check_single(found)
        return found[0] if found else ""

    def integer(self, number: int) -> int:
        """Return the whole number of a field, 0 if there is none."""
        found = self._fields.get(number, [])
        self._check_single(found)
        if not found:
            return 0
        if not isinstance(found[0], int):
            raise self._malformed("has a field of another type")
        return _signed(found[0])

    def integers(self, number: int) -> list[int]:
        """Return the whole numbers of a repeated field, packed or not."""
        numbers: list[int] = []
        for value in self._fields.get(number, []):
            numbers += [value] if isinstance(value, int) else self._unpack(value)
        return [_signed(value) for value in numbers]

    def contents(self, number: int) -> list[memoryview]:
        """Return the bytes of each field of this number."""
        found: list[memoryview] = []
        for value in self._fields.get(number, []):
            if not isinstance(value, memoryview):
                raise self._malformed("has a field of another type")
            found.append(value)
        return found

    def content(self, number: int) -> memoryview | None:
        """Return the bytes of a field that comes at most once; None if there is none."""
        found = self.contents(number)
        self._check_single(found)
        return found[0] if found else None

    def has(self, number: int) -> bool:
        """Return True if there is a field of this number."""
        return number in self._fields

    def count(self, number: int, num_bytes: int | None) -> int:
        """Return the number of elements of a repeated field of numbers.

        Args:
            number: Number of the field.
            num_bytes: Bytes of one element, None for varints.
        """
        count = 0
        for value in self._fields.get(number, []):
            if isinstance(value, int):
                count += 1
            elif num_bytes is None:
                # The last byte of each varint is below 128.
                count += int(np.count_nonzero(np.frombuffer(value, np.uint8) < LAST_BYTE))
            else:
                count += len(value) // num_bytes
        return count

    def _unpack(self, content: memoryview) -> list[int]:
        numbers = []
        place = 0
        try:
            while place < len(content):
                value, place = _read_varint(content, place)
                numbers.append(value)
        except (IndexError, ValueError) as error:
            raise self._malformed("is cut off or damaged") from error
        return numbers

    def _check_single(self, found: list[str] | list[Value] | list[memoryview]) -> None:
        if len(found) > 1:
            raise self._malformed("has a field twice")

    def _malformed(self, what: str) -> RejectedNetwork:
        return RejectedNetwork(
            "malformed_network", f"The file is not an ONNX network: {self._name} {what}. Export it again."
        )


def _read_fields(content: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield the number and the value of each field.

    Raises:
        IndexError, ValueError: If the bytes are not a message.
    """
    place = 0
    while place < len(content):
        tag, place = _read_varint(content, place)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("0 is the number of no field")
        if kind == VARINT:
            value, place = _read_varint(content, place)
            yield number, value
            continue
        if kind == BYTES:
            length, place = _read_varint(content, place)
        else:
            length = FIXED_BYTES.get(kind, -1)
        if not 0 <= length <= len(content) - place:
            raise ValueError("a length beyond the end, or a kind that is not used")
        field = content[place : place + length]
        yield number, field if kind == BYTES else int.from_bytes(field, "little")
        place += length


def _read_varint(content: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for index in range(MAX_VARINT_BYTES):
        byte = content[place + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < LAST_BYTE:
            return value & (2**64 - 1), place + index + 1
    raise ValueError("a number of more than 64 bits")


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value
