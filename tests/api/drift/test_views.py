import numpy as np
import pytest

from api.drift.pictures import draw_drift
from api.drift.views import describe_drift
from core.observation.bins import count, fit_category_bins, fit_number_bins, standard_number_bins
from core.observation.stability import compare
from core.observation.summaries import NumberBins
from serving.observation.comparison import ColumnDrift, Drift


def describe(bins, reference, served, name="x"):
    """The response about one column."""
    before = None if reference is None else count(np.asarray(reference, float), bins)
    found = count(np.asarray(served, float), bins)
    column = ColumnDrift(name, bins, before, found, None if before is None else compare(before, found))
    drift = Drift(len(served), len(served), (column,), (), 0, "")
    return describe_drift("m", 1, None, drift)


def labels(bins, served):
    return [part.label for part in describe(bins, None, served).inputs[0].bins]


def test_bins_are_named_after_their_edges_in_the_fewest_digits():
    bins = fit_number_bins(np.arange(1000.0))
    assert labels(bins, [-1, 0, 150, 950, 2000, np.nan]) == [
        *("< 0", "0 – 100", "100 – 200", "900 – 999", "> 999", "(missing)")
    ]
    close = NumberBins(edges=(1_700_000_001.0, 1_700_000_003.0, np.nextafter(1_700_000_003.0, np.inf)))
    assert labels(close, [1_700_000_001.5, 1_700_000_003.0]) == ["1700000001 – 1700000003", "1700000003"]


def test_a_bin_of_one_number_is_named_after_it():
    assert labels(fit_number_bins(np.array([0.0, 1.0, 2.5])), [0, 1, 2.5, 3]) == [*("0 – 1", "1 – 2.5", "2.5", "> 2.5")]
    assert labels(fit_number_bins(np.array([0.0, 1.0, 2.0])), [0, 1, 1.5, 2, 3]) == ["0", "1", "2", "> 2"]
    assert labels(fit_number_bins(np.full(9, 0.25), is_computed=True), [0.25]) == ["0.25"]
    assert labels(fit_number_bins(np.array([])), [1, np.nan]) == ["any number", "(missing)"]


def test_long_whole_numbers_keep_their_digits():
    bins = fit_number_bins(np.array([0.0, 1.0]), origin=2**60 + 1)
    assert labels(bins, [0, 1]) == [str(2**60 + 1), str(2**60 + 2)]


def test_numbers_are_in_the_unit_of_the_column():
    bins = fit_number_bins(np.array([0.0, 1.0]), origin=100, unit=0.5)
    column = describe(bins, [0, 1], [0, 1, 1]).inputs[0]
    assert [part.label for part in column.bins] == ["100 – 100.5", "100.5"]
    assert column.served.mean == pytest.approx(100 + 1 / 3)
    assert (column.served.least, column.served.greatest) == (100, 100.5)
    assert column.served.std == pytest.approx(np.std([0, 0.5, 0.5]))


def test_categories_are_named_by_their_labels():
    bins = fit_category_bins(np.repeat([0.0, 1.0], 6), ["a", "b", "c"])
    assert labels(bins, [0, 1, 2, -1, np.nan]) == ["a", "b", "(unseen)", "(other)", "(missing)"]


def test_standard_bins_are_named():
    assert labels(standard_number_bins(), [0, 1, -3e12, 7e9]) == [
        "< -5000000000",
        "-1e-06 – 1e-06",
        "1 – 2",
        "> 5000000000",
    ]


@pytest.mark.parametrize("num_columns", [0, 1, 200])
def test_a_picture_of_any_number_of_columns_is_drawn(num_columns):
    bins = fit_number_bins(np.arange(100.0))
    report = describe(bins, range(100), range(200), name="c" * 300)
    many = report.model_copy(update={"inputs": report.inputs * num_columns, "shifted": ["x"] * num_columns})
    picture = draw_drift(many)
    assert len(picture) < 200_000
    assert ("more columns are in the JSON" in picture) == (num_columns > 36)
