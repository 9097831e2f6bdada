import math

import numpy as np
import pytest

from core.observation.bins import count, fit_category_bins, fit_number_bins
from core.observation.stability import Reading, compare, stability_index
from core.observation.summaries import ColumnCounts


def test_the_index_is_that_by_hand():
    # (0.8 − 0.5) ln 1.6 + (0.2 − 0.5) ln 0.4
    assert stability_index([50, 50], [80, 20]) == pytest.approx(0.3 * math.log(1.6) - 0.3 * math.log(0.4))
    assert stability_index([50, 50], [5, 5]) == 0
    assert stability_index([30, 70], [60, 40]) == stability_index([60, 40], [30, 70])


def test_an_empty_bin_counts_as_half_a_row_and_two_empty_ones_not_at_all():
    # (0.1 − 0.005) ln 20 + (0.9 − 1) ln 0.9
    assert stability_index([0, 100], [10, 90]) == pytest.approx(0.095 * math.log(20) - 0.1 * math.log(0.9))
    assert stability_index([0, 0, 100], [0, 10, 90]) == stability_index([0, 100], [10, 90])


@pytest.mark.parametrize(("shift", "least", "most"), [(0.2, 0.03, 0.05), (0.5, 0.2, 0.3), (1.0, 0.75, 1.1)])
def test_a_shift_of_a_normal_distribution_has_nearly_its_square_as_index(shift, least, most):
    # Without bins the index is the symmetric Kullback–Leibler divergence: shift² for a spread of 1.
    random = np.random.default_rng(7)
    values = random.normal(size=20_000)
    bins = fit_number_bins(values)
    found = compare(count(values, bins), count(random.normal(shift, size=20_000), bins))
    assert found is not None
    assert least < found.psi < most


def draw(kind, random, size):
    match kind:
        case "normal":
            return random.normal(1e5, 2, size)
        case "skewed":
            return random.lognormal(0, 3, size)
        case "few":
            return random.integers(0, 5, size).astype(float)
        case "mostly zero":
            return np.where(random.random(size) < 0.95, 0.0, random.exponential(size=size))
        case "constant":
            return np.full(size, 3.25)
        case "missing":
            return np.where(random.random(size) < 0.3, np.nan, random.normal(size=size))
    return random.zipf(1.5, size).clip(max=100) - 1.0


KINDS = ["normal", "skewed", "few", "mostly zero", "constant", "missing", "categories"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("num_reference", "num_served"), [(100, 100), (150, 1000), (20_000, 100), (5_000, 50_000)])
def test_rows_of_the_same_kind_are_stable(kind, num_reference, num_served):
    random = np.random.default_rng(11)
    for _ in range(5):
        values = draw(kind, random, num_reference)
        labels = [str(code) for code in range(100)]
        bins = fit_category_bins(values, labels) if kind == "categories" else fit_number_bins(values)
        reference = count(values, bins)
        for served in (draw(kind, random, num_served), random.choice(values, num_served)):
            found = compare(reference, count(served, bins))
            assert found is not None
            assert found.reading is Reading.STABLE, (kind, found)


def test_the_training_samples_themselves_have_an_index_of_zero():
    values = np.random.default_rng(2).normal(size=500)
    counts = count(values, fit_number_bins(values))
    found = compare(counts, counts)
    assert found is not None
    assert (found.psi, found.reading) == (0, Reading.STABLE)


def test_readings_are_the_usual_ones_where_rows_are_many():
    def read(*served):
        found = compare(ColumnCounts(bins=(50_000, 50_000)), ColumnCounts(bins=served))
        assert found is not None
        return found.reading

    assert read(52_000, 48_000) is Reading.STABLE
    assert read(67_000, 33_000) is Reading.MODERATE
    assert read(80_000, 20_000) is Reading.SHIFTED


def test_what_few_rows_show_may_be_chance():
    many, few = (ColumnCounts(bins=(count // 2,) * 2) for count in (100_000, 100))
    served = ColumnCounts(bins=(65, 35))
    found = compare(many, served)
    assert found is not None
    assert (round(found.psi, 3), found.reading) == (0.093, Reading.STABLE)
    # 100 against 100 rows may differ by twice as much: 15.14 is the quantile 0.9999 of χ² with 1 degree of freedom.
    by_chance = compare(few, served)
    assert by_chance is not None
    assert by_chance.by_chance == pytest.approx(15.14 * (1 / 100 + 1 / 100), rel=0.12)


@pytest.mark.parametrize(("num_bins", "quantile"), [(4, 21.11), (10, 33.72), (21, 52.39)])
def test_the_limit_of_chance_is_the_quantile_of_chi_squared(num_bins, quantile):
    counts = ColumnCounts(bins=(100,) * num_bins)
    found = compare(counts, counts)
    assert found is not None
    assert found.by_chance * num_bins * 100 / 2 == pytest.approx(quantile, rel=0.04)


def test_more_missing_values_are_a_shift():
    found = compare(ColumnCounts(bins=(1000,)), ColumnCounts(bins=(500,), missing=500))
    assert found is not None
    assert found.reading is Reading.SHIFTED


@pytest.mark.parametrize(("num_reference", "num_served"), [(99, 1000), (1000, 99), (0, 0), (1000, 0)])
def test_too_few_rows_are_not_compared(num_reference, num_served):
    assert compare(ColumnCounts(bins=(num_reference,)), ColumnCounts(bins=(num_served,))) is None
