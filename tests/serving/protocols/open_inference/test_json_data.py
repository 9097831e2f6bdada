"""Tensors of JSON: each element fits its type, or the tensor is rejected."""

import math

import numpy as np
import pytest

from core.errors import InvalidInstances
from serving.protocols.open_inference.datatypes import DATATYPES
from serving.protocols.open_inference.json_data import read_json

WHOLE = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"]


def read(data, datatype="FP32", shape=None):
    return read_json(data, DATATYPES[datatype], tuple(np.shape(data) if shape is None else shape), "x", "inputs", 0)


def refused(data, datatype="FP32", shape=None):
    with pytest.raises(InvalidInstances) as caught:
        read(data, datatype, shape)
    return caught.value.detail


def test_nested_and_flat_data_are_the_same():
    nested = read([[1, 2.5], [3, 4]])
    assert nested.dtype == np.float32
    assert np.array_equal(nested, read([1, 2.5, 3, 4], shape=(2, 2)))
    assert np.array_equal(nested, np.float32([[1, 2.5], [3, 4]]))


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ([[1, 2], [3]], (2, 2)),
        ([[1, 2], 3], (2, 2)),
        ([[1], [2, 3]], (1, 3)),
        ([[1, 2, 3, 4]], (2, 2)),
        ([[[1], [2]]], (2, 1)),
        ([[1, 2]], (1, 2, 1)),
    ],
)
def test_ragged_data_are_refused(data, shape):
    refused(data, shape=shape)


@pytest.mark.parametrize("data", [[], [1, 2, 3], [1] * 5])
def test_the_number_of_elements_is_that_of_the_shape(data):
    assert "shape [2, 2] takes 4" in refused(data, shape=(2, 2))


@pytest.mark.parametrize("data", [None, 3, "1", {"0": 1}, True])
def test_data_are_a_list(data):
    assert "not a list of its elements" in refused(data, shape=(1,))


@pytest.mark.parametrize("datatype", [*WHOLE, "FP16", "FP32", "FP64"])
@pytest.mark.parametrize("value", [True, None, "1", [1], {}])
def test_a_number_is_a_number(value, datatype):
    assert f"does not fit {datatype}" in refused([1, value], datatype, (2,))


@pytest.mark.parametrize("value", [0, 1, "true", None, 1.0])
def test_a_boolean_is_true_or_false(value):
    assert "Send true or false" in refused([True, value], "BOOL", (2,))


def test_booleans_are_read():
    assert read([True, False], "BOOL").tolist() == [True, False]


@pytest.mark.parametrize("datatype", WHOLE)
def test_whole_numbers_reach_their_limits(datatype):
    limits = np.iinfo(DATATYPES[datatype].dtype)
    assert read([limits.min, limits.max], datatype).tolist() == [limits.min, limits.max]
    for value in (limits.min - 1, limits.max + 1, 10**30):
        assert f"Send whole numbers from {limits.min} to {limits.max}" in refused([0, value], datatype)


@pytest.mark.parametrize("datatype", WHOLE)
@pytest.mark.parametrize("value", [1.5, math.nan, math.inf, -math.inf, 1e300])
def test_whole_numbers_have_no_fractions(value, datatype):
    assert f"as element 1 of its data, which does not fit {datatype}" in refused([1, value], datatype)


def test_a_whole_number_may_have_a_point():
    assert read([3.0, -0.0], "INT32").tolist() == [3, 0]
    assert read([2.0**53], "INT64").tolist() == [2**53]


def test_a_whole_number_with_a_point_that_may_have_lost_digits_is_refused():
    # 9007199254740993.0 is parsed as this number.
    assert "does not fit INT64" in refused([9007199254740994.0], "INT64")


@pytest.mark.parametrize(
    ("datatype", "largest", "beyond"), [("FP16", 65504.0, 65520.0), ("FP32", 3.4028234e38, 3.5e38)]
)
def test_floats_beyond_their_type_are_refused(datatype, largest, beyond):
    assert np.isfinite(read([largest, -largest], datatype)).all()
    for value in (beyond, -beyond, 10**400):
        assert f"as element 1 of its data, which does not fit {datatype}" in refused([1.0, value], datatype)


def test_doubles_take_every_number_of_json():
    assert read([1e308, 5e-324, 0.1], "FP64").tolist() == [1e308, 5e-324, 0.1]
    assert "does not fit FP64" in refused([10**400], "FP64")


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64"])
def test_floats_may_be_no_numbers(datatype):
    values = read([math.nan, math.inf, -math.inf], datatype)
    assert np.isnan(values[0])
    assert values[1:].tolist() == [math.inf, -math.inf]


def test_text_is_text():
    assert read(["", "Oslo", "é"], "BYTES").tolist() == ["", "Oslo", "é"]
    assert read([["a"], ["b"]], "BYTES").shape == (2, 1)
    for value in (3, None, True, ["a"]):
        assert "Send strings" in refused(["a", value], "BYTES", (2,))
