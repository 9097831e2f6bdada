import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.observation.bins import (
    category_bins,
    count,
    fit_category_bins,
    fit_number_bins,
    measure_moments,
    standard_number_bins,
)
from core.observation.summaries import NumberBins


def numbers(*values):
    return np.array(values, np.float64)


def counted(values, **options):
    array = np.array(values, np.float64)
    return count(array, fit_number_bins(array, **options))


def test_bins_are_the_deciles_and_what_is_beyond_them():
    bins = fit_number_bins(np.arange(1000.0))
    assert bins.edges[:-1] == tuple(range(0, 1000, 100))
    assert 999 < bins.edges[-1] < 999.1
    assert count(np.arange(1000.0), bins).bins == (0, *[100] * 10, 0)


def test_numbers_beyond_those_of_training_have_bins_of_their_own():
    bins = fit_number_bins(np.arange(1000.0))
    assert count(numbers(-1, 1000, 1e300, np.inf, -np.inf), bins).bins == (2, *[0] * 10, 3)


@pytest.mark.parametrize("constant", [0.0, 5.0, -3e38, 5e-324])
def test_a_constant_column_has_one_bin_between_what_is_less_and_what_is_greater(constant):
    bins = fit_number_bins(np.full(50, constant))
    assert count(np.full(50, constant), bins).bins == (0, 50, 0)
    assert count(numbers(-4e38, 4e38), bins).bins == (1, 0, 1)


def test_each_of_few_numbers_has_a_bin_of_its_own():
    bins = fit_number_bins(np.repeat(numbers(1, 2, 4), [2, 30, 400]))
    assert [number for number in count(np.repeat(numbers(1, 2, 4), [2, 30, 400]), bins).bins if number] == [2, 30, 400]
    # What is between them counts as the lesser one: requests may have more digits.
    assert count(numbers(0.5, 1, 1.5, 2, 3, 4, 5), bins).bins == (1, 2, 2, 1, 1)


def test_a_frequent_number_is_not_mixed_with_others():
    values = np.concatenate([np.zeros(9000), np.random.default_rng(1).exponential(size=1000)])
    bins = fit_number_bins(values)
    assert count(np.zeros(7), bins).bins[1] == 7
    assert count(values[9000:], bins).bins[1] == 0


def test_missing_values_are_counted_and_choose_no_bins():
    result = counted([1, 2, np.nan, 3, np.nan])
    assert (result.missing, sum(result.bins), result.num_rows) == (2, 3, 5)
    assert fit_number_bins(numbers(1, np.nan, np.inf)) == fit_number_bins(numbers(1))


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, np.nan]])
def test_a_column_without_a_number_has_one_bin(values):
    bins = fit_number_bins(numbers(*values))
    assert bins.edges == ()
    assert count(numbers(1, 2, np.nan), bins).bins == (2,)


def test_one_row_is_enough_for_bins():
    assert counted([7.5]).bins == (0, 1, 0)


def test_the_last_digits_of_computed_numbers_do_not_matter():
    bins = fit_number_bins(np.full(100, 0.1234567), is_computed=True)
    noise = np.random.default_rng(3).normal(scale=1e-9, size=100)
    assert count(0.1234567 + noise, bins).bins == (0, 100, 0)
    assert count(numbers(0.1235), bins).bins == (0, 0, 1)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40), st.booleans())
def test_any_numbers_are_counted_once_each(values, is_computed):
    result = counted(values, is_computed=is_computed)
    assert result.num_rows == len(values)
    assert min(result.bins) >= 0


def test_standard_bins_are_three_in_each_power_of_ten():
    bins = standard_number_bins()
    assert len(bins.edges) == 2 * 3 * 16
    assert list(bins.edges) == sorted(bins.edges)
    place = count(numbers(25), bins).bins.index(1)
    assert (bins.edges[place - 1], bins.edges[place]) == (20, 50)


def test_the_most_frequent_categories_have_bins_of_their_own():
    labels = [f"c{code}" for code in range(40)]
    codes = np.repeat(np.arange(40), np.arange(40)).astype(float)
    bins = fit_category_bins(codes, labels)
    assert bins.codes == (*range(25, 40), -1)
    counted = count(codes, bins)
    assert counted.bins == (*range(25, 40), 0, sum(range(25)))
    assert count(numbers(-1, 39, np.nan, 3), bins).bins[-3:] == (1, 1, 1)


def test_categories_beyond_the_listed_ones_are_others():
    bins = category_bins([0, 1], ["a", "b", "c"])
    assert count(numbers(0, 1, 1, 2, -1, np.nan), bins).bins == (1, 2, 1, 1)
    assert (bins.labels, bins.num_bins) == (("a", "b", "(unseen)"), 4)


def test_long_labels_are_cut():
    assert category_bins([0], ["x" * 100]).labels[0] == "x" * 39 + "…"


def test_moments_are_numpys_of_the_finite_numbers():
    values = np.random.default_rng(5).normal(3, 2, 1000)
    moments = measure_moments(np.concatenate([values, [np.inf, 1e200]]))
    assert moments is not None
    assert (moments.count, moments.least, moments.greatest) == (1000, values.min(), values.max())
    assert moments.mean == pytest.approx(values.mean())
    assert moments.squares / 1000 == pytest.approx(values.var())
    assert measure_moments(numbers(np.inf)) is None


def test_origin_and_unit_are_kept_with_the_bins():
    bins = fit_number_bins(numbers(1, 2), origin=2**60 + 1, unit=0.5)
    assert NumberBins.model_validate_json(bins.model_dump_json()).origin == 2**60 + 1
