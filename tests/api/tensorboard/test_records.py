"""Records and messages against published numbers and bytes worked out by hand."""

import struct

import numpy as np
import pytest

from api.tensorboard.events import FILE_VERSION, write_curve, write_start
from api.tensorboard.messages import text_field, varint
from api.tensorboard.records import compute_crcs, frame, frame_rows
from core.curves.points import Points


@pytest.mark.parametrize(
    ("content", "crc"),
    [
        # RFC 3720, appendix B.4, and the check value of CRC-32C in the catalogue of parametrised CRCs.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_crcs_are_the_published_ones(content, crc):
    assert compute_crcs(np.frombuffer(content, np.uint8)[None]).tolist() == [crc]


def test_rows_are_framed_as_they_would_be_alone():
    rows = np.arange(21, dtype=np.uint8).reshape(3, 7)
    assert frame_rows(rows) == b"".join(frame(row.tobytes()) for row in rows)
    assert frame_rows(rows[:0]) == b""
    length, _crc, content = struct.unpack("<QI7s", frame(b"content")[:19])
    assert (length, content) == (7, b"content")


def test_numbers_are_varints():
    assert [varint(number) for number in (0, 127, 128, 300)] == [b"\x00", b"\x7f", b"\x80\x01", b"\xac\x02"]
    assert varint(2**63 - 1) == b"\xff" * 8 + b"\x7f"


def test_text_that_is_not_unicode_is_replaced():
    assert text_field(1, "\udc80") == b"\x0a\x01?"


def test_a_file_begins_with_its_version():
    content = write_start(0.0)[12:-4]
    assert content == b"\x09" + bytes(8) + b"\x1a\x0d" + FILE_VERSION.encode()


def test_an_event_has_its_time_step_tag_and_value():
    points = Points(np.array([300]), np.array([1.5]), np.array([2.0]))
    (record,) = write_curve("ab", points)
    content = record[12:-4]
    value = b"\x0a\x02ab" + b"\x15" + struct.pack("<f", 1.5)
    event = b"\x09" + struct.pack("<d", 2.0) + b"\x10\xac\x02"
    assert content == event + b"\x2a" + bytes([len(value) + 2]) + b"\x0a" + bytes([len(value)]) + value


def test_a_curve_without_points_has_no_records():
    assert list(write_curve("loss", Points.empty())) == []


def test_a_value_beyond_single_precision_becomes_an_infinity():
    points = Points(np.array([1, 2]), np.array([1e39, -1e39]), np.zeros(2))
    (records,) = write_curve("loss", points)
    assert [records[offset : offset + 4] for offset in (len(records) // 2 - 8, len(records) - 8)] == [
        struct.pack("<f", value) for value in (float("inf"), -float("inf"))
    ]
