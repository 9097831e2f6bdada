import math
import struct
import zlib

import numpy as np
import pytest

from core.curves.encoding import FORMAT, HEADER, decode, decode_ranges, encode, encode_ranges
from core.curves.points import Points
from core.curves.ranges import Ranges
from core.errors import CurveCorrupt

SMALLEST, LARGEST = -(2**63), 2**63 - 1


def make(steps, values, times=None):
    times = [0.0] * len(steps) if times is None else times
    return Points(np.array(steps, np.int64), np.array(values, np.float64), np.array(times, np.float64))


def bits(values):
    return values.view(np.int64).tolist()


@pytest.mark.parametrize(
    "steps",
    [[0], [7], [1, 2], [1, 2, 3, 4], [5, 300, 70_000, 5_000_000_000], [-3, -1, 8], [SMALLEST, LARGEST], [LARGEST]],
)
def test_steps_are_kept_whatever_their_distances(steps):
    assert decode(encode(make(steps, [0.5] * len(steps)))).steps.tolist() == steps


@pytest.mark.parametrize(
    "values",
    [
        [0.5, 0.25, -3.0],
        [0.1, 1e-308, 1.7976931348623157e308, -5e-324],
        [math.inf, -math.inf, -0.0, 0.0],
        [16_777_217.0, 1.0],
    ],
)
def test_every_bit_of_a_value_is_kept(values):
    assert bits(decode(encode(make(range(len(values)), values))).values) == bits(np.array(values))


@pytest.mark.parametrize("others", [[], [0.5], [0.1]])
def test_nan_stays_nan(others):
    values = decode(encode(make(range(1 + len(others)), [math.nan, *others]))).values
    assert math.isnan(values[0])
    assert values[1:].tolist() == others


def test_values_of_float32_take_half_of_the_bytes():
    noise = np.random.default_rng(0).standard_normal(1000)
    narrow = encode(make(range(1000), noise.astype(np.float32)))
    assert len(narrow) < 0.55 * len(encode(make(range(1000), noise)))


def test_times_are_kept_to_the_microsecond():
    times = [1_700_000_000.123_456, 1_700_000_000.123_457, 1_700_000_009.5, 1_699_999_999.000_001]
    assert decode(encode(make(range(4), [0.0] * 4, times))).times.tolist() == times
    assert decode(encode(make([1], [0.0], [1.000_000_4]))).times.tolist() == [1.0]


def test_points_that_were_encoded_once_are_encoded_alike_again():
    block = encode(make(range(5), [0.1] * 5, [1_700_000_000.123_456_7 + number / 7 for number in range(5)]))
    assert encode(decode(block)) == block


@pytest.mark.parametrize("times", [[math.inf, 0.0], [math.nan, 1e300], [-1e10, 1e10]])
def test_times_of_a_broken_clock_are_kept_as_they_are(times):
    found = decode(encode(make([1, 2], [0.0, 0.0], times))).times
    assert bits(found) == bits(np.array(times))


def test_every_changed_byte_and_every_missing_one_is_an_error():
    block = encode(make(range(1, 40), np.linspace(0, 1, 39), np.linspace(5, 9, 39)))
    for place in range(len(block)):
        damaged = block[:place] + bytes([block[place] ^ 0x40]) + block[place + 1 :]
        with pytest.raises(CurveCorrupt):
            decode(damaged)
        with pytest.raises(CurveCorrupt):
            decode(block[:place])
    with pytest.raises(CurveCorrupt):
        decode(block + b"\0")


def test_a_later_format_is_named():
    block = bytes([FORMAT + 1]) + encode(make([1], [0.5]))[1:]
    with pytest.raises(CurveCorrupt, match="has the format 2; this version of Trainyard reads 1"):
        decode(block)


def test_columns_of_another_length_are_an_error():
    content = HEADER.pack(FORMAT, 1, 4, 1, 3, 1, 0, 0) + zlib.compress(bytes(5))
    with pytest.raises(CurveCorrupt, match="have 5 bytes; expected 15"):
        decode(content + struct.pack("<I", zlib.crc32(content)))


def test_ranges_are_kept():
    ranges = Ranges(
        make([64, 128], [0.5, 0.1], [1.0, 2.0]), np.array([math.nan, -math.inf]), np.array([math.nan, 1e300])
    )
    found = decode_ranges(encode_ranges(ranges))
    assert found.last.steps.tolist() == [64, 128]
    assert found.last.values.tolist() == [0.5, 0.1]
    assert found.last.times.tolist() == [1.0, 2.0]
    assert np.array_equal(found.least, ranges.least, equal_nan=True)
    assert np.array_equal(found.greatest, ranges.greatest, equal_nan=True)


def test_damaged_ranges_are_an_error():
    block = encode_ranges(Ranges.of_points(make(range(1, 9), range(8))))
    for place in range(len(block)):
        with pytest.raises(CurveCorrupt):
            decode_ranges(block[:place] + bytes([block[place] ^ 1]) + block[place + 1 :])
        with pytest.raises(CurveCorrupt):
            decode_ranges(block[:place])
