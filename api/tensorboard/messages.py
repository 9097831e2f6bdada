"""Fields of protocol buffers, https://protobuf.dev/programming-guides/encoding, as they are written."""

import struct

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
"""Forms of the values of fields."""

MAX_VARINT_BYTES = 9
"""Bytes of a varint of 63 bits."""

_MORE = 0x80
"""Set in each byte of a varint but the last."""


def varint(value: int) -> bytes:
    """Encode a whole number of 0 or more."""
    encoded = bytearray()
    while value >= _MORE:
        encoded.append(value % _MORE | _MORE)
        value //= _MORE
    encoded.append(value)
    return bytes(encoded)


def key(number: int, form: int) -> bytes:
    """Encode the beginning of a field: its number and the form of its value."""
    return varint(number << 3 | form)


def bytes_key(number: int, num_bytes: int) -> bytes:
    """Encode the beginning of a field of so many bytes."""
    return key(number, BYTES) + varint(num_bytes)


def integer_field(number: int, value: int) -> bytes:
    """Encode a field of a whole number of 0 or more, an enumeration or a truth value."""
    return key(number, VARINT) + varint(value)


def double_field(number: int, value: float) -> bytes:
    """Encode a field of a double."""
    return key(number, FIXED_64) + struct.pack("<d", value)


def bytes_field(number: int, content: bytes) -> bytes:
    """Encode a field of bytes or of a message."""
    return bytes_key(number, len(content)) + content


def text_field(number: int, text: str) -> bytes:
    """Encode a field of a string; half a surrogate pair, which is not Unicode, becomes a question mark."""
    return bytes_field(number, text.encode("utf-8", "replace"))
