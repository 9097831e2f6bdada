import numpy as np

from models.arrays.samples import Samples
from models.data_checks.constants import warn_of_constants
from models.data_checks.places import Place

PLACES = [Place(number, f"The column '{number}'", f"/dataset/columns/{number}", num_values=2) for number in range(3)]


def test_a_column_with_one_value_in_the_training_rows_is_told():
    rows = np.array([[1, 0, np.nan], [1, 1, np.nan], [1, 0, np.nan]], np.float32)
    found = warn_of_constants(PLACES, Samples(rows, np.zeros(3)))
    assert [(notice.code, notice.pointer) for notice in found] == [
        ("constant_column", "/dataset/columns/0"),
        ("constant_column", "/dataset/columns/2"),
    ]


def test_a_value_in_the_last_of_many_rows_counts():
    rows = np.zeros((40_000, 3), np.float32)
    rows[-1] = [1, 0, np.nan]
    assert [notice.pointer for notice in warn_of_constants(PLACES, Samples(rows, np.zeros(40_000)))] == [
        "/dataset/columns/1"
    ]
