import numpy as np
import pytest

from serving.rows.packing import LEAST_WIDTH, pack_numbers

WIDE = LEAST_WIDTH


def test_rows_of_numbers_become_an_array():
    rows = [[index + 0.5 for index in range(WIDE)], list(range(WIDE))]
    array = pack_numbers(rows, "d")
    assert array.dtype == np.float64
    assert array.tolist() == [[float(number) for number in row] for row in rows]


def test_rows_may_be_nested():
    rows = np.arange(3 * 2 * WIDE).reshape(3, 2, WIDE).tolist()
    assert pack_numbers(rows, "q").tolist() == rows
    assert pack_numbers(rows, "d").shape == (3, 2, WIDE)


def test_whole_numbers_are_exact():
    row = [2**63 - 1, -(2**63), *range(WIDE - 2)]
    assert pack_numbers([row], "q").tolist() == [row]


@pytest.mark.parametrize("code", ["d", "q"])
@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[]],
        [1, 2],
        [[1] * (WIDE - 1)],
        [[1] * WIDE, [1] * (WIDE + 1)],
        [[1] * WIDE, 1],
        [[1] * WIDE, [[1]] * WIDE],
        [[1] * WIDE, []],
        [[[1] * WIDE], [[1] * WIDE] * 2],
        [[[1] * WIDE], [1]],
        [[[1] * WIDE], [[1]]],
        [[[1] * WIDE], 1],
    ],
)
def test_what_is_short_or_ragged_is_left_to_numpy(rows, code):
    assert pack_numbers(rows, code) is None


def test_a_number_that_has_no_place_is_left_to_numpy():
    ones = [1] * (WIDE - 1)
    assert pack_numbers([[*ones, 10**400]], "d") is None
    assert pack_numbers([[*ones, 1.0]], "q") is None
    assert pack_numbers([[*ones, 2**63]], "q") is None
