import math

import numpy as np
import pytest

from models.arrays.distances import Location, measure, shorten

LEAST, GREATEST = -(2**63), 2**63 - 1


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_distances_of_whole_numbers_are_those_of_python(dtype):
    limits = np.iinfo(dtype)
    random = np.random.default_rng(1)
    values = random.integers(limits.min, limits.max, 200, np.dtype(dtype), endpoint=True)
    values = np.concatenate([values, np.array([limits.min, limits.max, 0, 2**53 + 1], dtype)])
    for origin in (0, 1, 2**53 + 1, limits.min, limits.max, int(values[7])):
        expected = [float(value - origin) for value in values.tolist()]
        assert measure(values, origin).tolist() == expected


def test_distances_of_other_numbers_are_those_of_python():
    values = np.array([1.7e9, 1.7e9 + 0.25, -3.5, 1e300])
    assert measure(values, 1.7e9).tolist() == [value - 1.7e9 for value in values.tolist()]
    assert measure(np.array([5, 7]), 0.5).tolist() == [4.5, 6.5]
    assert measure(np.array([5.5, 7.0]), 2).tolist() == [3.5, 5.0]


def locate(values, at_once=3):
    location = Location()
    for start in range(0, len(values), at_once):
        location.add(values[start : start + at_once])
    return location


def test_a_location_does_not_depend_on_the_size_of_its_mean():
    offsets = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    location = locate(offsets + 2.0**52)
    assert location.origins == (2.0**52 + 2,)
    assert location.stddevs.tolist() == [2**0.5]
    assert location.units == (4.0,)


def test_the_origin_of_whole_numbers_is_one():
    location = locate(np.array([[GREATEST], [GREATEST - 1], [GREATEST - 4], [GREATEST - 3]]))
    assert location.origins == (GREATEST - 2,)
    assert location.stddevs[0] == pytest.approx(2.5**0.5)


def test_columns_are_located_apart_and_in_any_chunks():
    values = np.random.default_rng(2).normal([3.0, -1e6], [2.0, 0.5], (1000, 2))
    for location in (locate(values, 7), Location.of(values)):
        np.testing.assert_allclose(location.origins, values.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(location.stddevs, values.std(axis=0), rtol=1e-9)


@pytest.mark.parametrize(
    ("values", "keeps"),
    [
        ([5.1, 4.9, 7.0], True),
        ([2010.0, 2011.0, 2012.0], True),
        ([1.7e9, 1.7e9 + 40, 1.7e9 + 80], False),
        ([1.7e9, 1.8e9, 1.9e9], True),
        ([1e300, 2e300], False),
        ([2**60, 2**60 + 1], False),
        ([2**60, 2**61], True),
        ([1_700_000_001, 1_700_000_003], False),
        ([3.0, 3.0], True),
    ],
)
def test_numbers_stay_long_only_where_float32_loses_their_differences(values, keeps):
    numbers = np.array(values)[:, None]
    assert shorten(numbers).dtype == (np.float32 if keeps else numbers.dtype)
    assert Location.of(numbers).loses_differences is not keeps


def test_numbers_whose_squares_have_no_room_are_located():
    huge, tiny = locate(np.array([[1e300], [-1e300]])), locate(np.array([[1e-200], [3e-200]]))
    assert math.isfinite(huge.origins[0])
    assert huge.stddevs[0] == pytest.approx(2e300)
    assert tiny.stddevs[0] == pytest.approx(2e-200)
    assert tiny.units[0] == pytest.approx(2e-200, rel=0.5)
