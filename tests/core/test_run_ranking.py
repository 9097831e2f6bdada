"""Ranks and averages, worked out by hand."""

import math
from uuid import UUID

import pytest

from core.run_ranking import Candidate, Unranked, choose_key, rank_runs, summarise_seeds


def run(number):
    return UUID(int=number)


def ended(number, value):
    return Candidate(run(number), has_ended=True, value=value)


def going(number, value):
    return Candidate(run(number), has_ended=False, value=value)


def places(candidates, *, rises):
    return [(one.run_id.int, one.rank) for one in rank_runs(candidates, rises=rises)]


def test_less_is_better_unless_told():
    candidates = [ended(1, 0.5), ended(2, 0.1), ended(3, 0.9)]
    assert places(candidates, rises=False) == [(2, 1), (1, 2), (3, 3)]
    assert places(candidates, rises=True) == [(3, 1), (1, 2), (2, 3)]


def test_equal_values_share_a_rank_in_the_order_given():
    candidates = [ended(4, 0.9), ended(3, 0.5), ended(1, 0.1), ended(2, 0.5)]
    assert places(candidates, rises=False) == [(1, 1), (3, 2), (2, 2), (4, 4)]


def test_runs_without_a_rank_come_last_with_the_reason():
    candidates = [ended(1, None), ended(2, math.nan), going(3, 0.01), ended(4, 0.5), ended(5, -math.inf)]
    found = rank_runs(candidates, rises=False)
    assert [(one.run_id.int, one.rank, one.unranked) for one in found] == [
        (4, 1, None),
        (3, None, Unranked.UNFINISHED),
        (2, None, Unranked.NOT_FINITE),
        (5, None, Unranked.NOT_FINITE),
        (1, None, Unranked.NO_POINTS),
    ]


def test_zero_and_negative_zero_are_equal():
    assert places([ended(1, -0.0), ended(2, 0.0)], rises=True) == [(1, 1), (2, 1)]


def test_nothing_is_ranked_of_no_runs():
    assert rank_runs([], rises=True) == []


@pytest.mark.parametrize(
    ("counts", "num_runs", "key"),
    [
        ({"epoch/validation/loss": 2, "train/loss": 4}, 4, "epoch/validation/loss"),
        ({"epoch/validation/loss": 1, "train/loss": 4}, 4, "train/loss"),
        ({"test/loss": 1}, 4, "test/loss"),
        ({"test/accuracy": 4}, 4, "epoch/validation/loss"),
        ({}, 0, "epoch/validation/loss"),
    ],
)
def test_a_loss_that_half_of_the_runs_have_is_chosen(counts, num_runs, key):
    assert choose_key(counts, num_runs) == key


def summarise(groups, seeds, candidates, *, rises=False, confidence=0.95):
    return summarise_seeds(
        {name: list(map(run, members)) for name, members in groups.items()},
        {run(number): seed for number, seed in seeds.items()},
        {candidate.run_id: candidate for candidate in candidates},
        rises=rises,
        confidence=confidence,
    )


def test_seeds_are_averaged_with_students_interval():
    (found,) = summarise({"a": [1, 2, 3]}, {1: 1, 2: 2, 3: 3}, [ended(1, 1.0), ended(2, 2.0), ended(3, 6.0)])
    # Squares of the distances from 3: 4 + 1 + 9 = 14, over n - 1 = 2; t of 2 degrees of freedom is 4.302653.
    assert (found.n, found.mean, found.rank, found.seeds) == (3, 3.0, 1, (1, 2, 3))
    assert found.stddev == pytest.approx(math.sqrt(7))
    half = 4.302652729911275 * math.sqrt(7 / 3)
    assert (found.low, found.high) == (pytest.approx(3 - half), pytest.approx(3 + half))


def test_runs_of_one_seed_count_once_by_their_mean():
    (found,) = summarise({"a": [1, 2, 3]}, {1: 7, 2: 7, 3: 8}, [ended(1, 1.0), ended(2, 3.0), ended(3, 4.0)])
    assert (found.n, found.mean) == (2, 3.0)
    assert found.stddev == pytest.approx(math.sqrt(2))


def test_a_single_seed_has_a_mean_and_no_interval():
    (found,) = summarise({"a": [1]}, {1: 7}, [ended(1, 0.25)])
    assert (found.n, found.mean, found.stddev, found.low, found.high, found.rank) == (1, 0.25, None, None, None, 1)


def test_runs_that_go_on_or_have_no_points_are_left_out():
    candidates = [ended(1, 1.0), going(2, 0.1), ended(3, None)]
    (found,) = summarise({"a": [1, 2, 3]}, {1: 1, 2: 2, 3: 3}, candidates)
    assert (found.n, found.mean, [one.int for one in found.left_out]) == (1, 1.0, [2, 3])


def test_a_group_of_which_nothing_counts_comes_last_without_a_rank():
    groups = {"none": [1], "some": [2]}
    found = summarise(groups, {1: 1, 2: 1}, [going(1, 0.1), ended(2, 5.0)])
    assert [(one.group, one.n, one.mean, one.rank) for one in found] == [("some", 1, 5.0, 1), ("none", 0, None, None)]


def test_a_run_that_diverged_spoils_the_mean_of_its_group():
    groups = {"diverged": [1, 2], "worse": [3], "best": [4]}
    candidates = [ended(1, 0.01), ended(2, math.nan), ended(3, 9.0), ended(4, 1.0)]
    found = summarise(groups, {1: 1, 2: 2, 3: 1, 4: 1}, candidates)
    assert [(one.group, one.rank) for one in found] == [("best", 1), ("worse", 2), ("diverged", None)]
    assert math.isnan(found[-1].mean)


def test_groups_of_equal_means_share_a_rank():
    groups = {"a": [1], "b": [2], "c": [3]}
    found = summarise(groups, {1: 1, 2: 1, 3: 1}, [ended(1, 1.0), ended(2, 2.0), ended(3, 2.0)], rises=True)
    assert [(one.group, one.rank) for one in found] == [("b", 1), ("c", 1), ("a", 3)]


def test_the_mean_of_the_greatest_numbers_is_finite():
    most = 1.7e308
    (found,) = summarise({"a": [1, 2]}, {1: 7, 2: 7}, [ended(1, most), ended(2, most)])
    assert found.mean == most
