import numpy as np
import pytest
from pydantic import ValidationError

from core.observation.bins import count, fit_number_bins
from core.observation.summaries import ColumnCounts, ColumnSummary, NumberBins, ServedCounts


def test_counts_of_parts_add_up_to_those_of_the_whole():
    values = np.random.default_rng(1).normal(1e6, 3, 1000)
    values[::7] = np.nan
    bins = fit_number_bins(values)
    whole = count(values, bins)
    total = ColumnCounts(bins=(0,) * bins.num_bins)
    for part in (values[:1], values[1:400], values[400:400], values[400:]):
        total = total.plus(count(part, bins))
    assert (total.bins, total.missing, total.num_rows) == (whole.bins, whole.missing, 1000)
    assert total.moments is not None
    assert whole.moments is not None
    assert total.moments.mean == pytest.approx(whole.moments.mean, rel=1e-12)
    assert total.moments.squares == pytest.approx(whole.moments.squares, rel=1e-9)
    assert (total.moments.least, total.moments.greatest) == (whole.moments.least, whole.moments.greatest)


def test_served_counts_add_rows_and_columns():
    one = ServedCounts(
        layout="a", num_rows=10, num_watched=2, inputs=(ColumnCounts(bins=(1, 1)),), outputs=(ColumnCounts(bins=(2,)),)
    )
    both = one.plus(one)
    assert (both.num_rows, both.num_watched) == (20, 4)
    assert (both.inputs[0].bins, both.outputs[0].bins) == ((2, 2), (4,))


def test_a_summary_has_a_count_for_each_bin():
    with pytest.raises(ValidationError, match="3 bins and 2 counts"):
        ColumnSummary(name="x", bins=NumberBins(edges=(1.0, 2.0)), counts=ColumnCounts(bins=(1, 2)))
