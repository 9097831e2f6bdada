import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.rows.bit_pairs import from_bits, read_operands, to_bits
from serving.rows.tensors import RowsPointer

PLACE = RowsPointer(("instances",))


def test_two_numbers_are_added(adder, predict):
    # 45 + 77 = 122 = 64 + 32 + 16 + 8 + 2.
    assert predict(adder, {"instances": [{"a": 45, "b": 77}]}) == {
        "predictions": [
            {"sum": 122, "bits": [0, 1, 0, 1, 1, 1, 1, 0], "probabilities": [0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]}
        ]
    }


@pytest.mark.parametrize(("a", "b"), [(0, 0), (127, 127), (0, 127), (1, 2), (64, 64), (45.0, 77)])
def test_every_sum_of_numbers_in_range_fits(adder, predict, a, b):
    assert predict(adder, {"instances": [{"b": b, "a": a}]})["predictions"][0]["sum"] == a + b


def test_bits_are_least_significant_first_with_a_and_b_in_pairs():
    # 6 = 110, 1 = 001.
    batch = read_operands([{"a": 6, "b": 1}], 4, PLACE)
    assert batch.tolist() == [[[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]
    assert batch.dtype == np.float32


@pytest.mark.parametrize("value", [128, -1, 10**30, 200.0])
def test_a_number_out_of_range_is_rejected_with_the_range(adder, rejection, value):
    error = rejection(adder, {"instances": [{"a": 1, "b": 1}, {"a": value, "b": 1}]})
    assert error.detail.startswith("Row 1 has the number ")
    assert error.detail.endswith(
        "for a; the adder of 8 bits takes whole numbers from 0 to 127, so that every sum fits."
    )
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instances/1/a", "out_of_range")]


@pytest.mark.parametrize("value", [1.5, "1", None, True, [1], {}, float("nan"), float("inf")])
def test_anything_but_a_whole_number_is_rejected(adder, rejection, value):
    error = rejection(adder, {"instances": [{"a": 1, "b": value}]})
    assert "for b, not a whole number." in error.detail
    assert [problem.pointer for problem in error.problems] == ["/instances/0/b"]


def test_a_missing_and_an_unknown_number_are_rejected(adder, rejection):
    error = rejection(adder, {"instances": [{"a": 1, "c": 1}]})
    assert [(problem.pointer, problem.code) for problem in error.problems] == [
        ("/instances/0/c", "unknown_operand"),
        ("/instances/0/b", "missing_operand"),
    ]


def test_no_more_than_twenty_problems_are_listed(adder, rejection):
    assert len(rejection(adder, {"instances": [{"c": 1}] * 90}).problems) == 20


def test_numbers_and_bits_do_not_mix(adder, rejection):
    error = rejection(adder, {"instances": [{"a": 1, "b": 1}, [[0, 0]] * 8]})
    assert error.detail.startswith("Row 1 is a list of 8, but row 0 is an object with 'a', 'b'.")


@given(st.data(), st.integers(1, 100))
def test_bits_convert_back_to_their_number(data, num_bits):
    numbers = data.draw(st.lists(st.integers(0, 2**num_bits - 1), min_size=1, max_size=5))
    bits = to_bits(numbers, num_bits)
    assert bits.shape == (len(numbers), num_bits)
    assert from_bits(bits) == numbers
    assert [sum(int(bit) << index for index, bit in enumerate(row)) for row in bits] == numbers


@given(st.integers(0, 127), st.integers(0, 127))
def test_the_exact_network_adds_any_two_numbers(adder, predict, a, b):
    (answer,) = predict(adder, {"instances": [{"a": a, "b": b}]})["predictions"]
    assert answer["sum"] == a + b
    assert answer["bits"] == [int(digit) for digit in reversed(f"{a + b:08b}")]
