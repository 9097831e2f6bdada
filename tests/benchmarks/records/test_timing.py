from dataclasses import replace
from itertools import chain, repeat

from benchmarks.records.sizes import QUICK
from benchmarks.records.timing import time_sides

SIZES = replace(QUICK, num_rounds=2, num_requests=3)


def test_a_round_is_the_median_of_its_requests_and_the_first_request_does_not_count():
    ours = iter([9.0 / 1000, *(number / 1000 for number in (1, 3, 2, 6, 4, 5))])

    assert time_sides(SIZES, [lambda: next(ours)]) == [(2.0, 5.0)]


def test_what_takes_long_is_asked_for_once():
    asked = iter([4.0])

    assert time_sides(SIZES, [lambda: next(asked)]) == [(4_000.0,)]


def test_a_round_ends_after_a_while():
    asked = chain([2.0], repeat(2.0, 2))

    assert time_sides(SIZES, [lambda: next(asked)]) == [(2_000.0, 2_000.0)]
