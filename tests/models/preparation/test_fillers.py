"""Replacements of missing values, of numbers and dates whose mean, median and most frequent value all differ."""

from datetime import date

import numpy as np
import pytest

from core.experiment import parse_spec
from models.assembly import assemble

pytest_plugins = ["tests.models.uploads"]

DAYS = [date(2024, 1, day) for day in (1, 1, 4, 10)]


@pytest.fixture
def fill(tmp_path, upload_table):
    """A function that returns what the networks sees of a column, the last of whose values is missing."""

    def assembled(kind, values, choice):
        table = {"x": (kind, [*values, None]), "y": ("number", [0.5, 1.5, 2.5, 3.5, 4.5])}
        dataset = upload_table(table) | {"target": "y", "scaling": "none", "split": {}, "columns": {"x": choice}}
        spec = {
            "name": "filled",
            "dataset": dataset,
            "model": {"kind": "mlp", "layers": [{"units": 1}]},
            "training": {"loss": "mean_squared_error"},
        }
        return assemble(parse_spec(spec), tmp_path).data.train.inputs

    return assembled


@pytest.mark.parametrize(
    ("choice", "filler"),
    [
        # Of 1, 1, 4 and 10: the middle of 1 and 4; a quarter of 16.
        ({}, 2.5),
        ({"missing": "median"}, 2.5),
        ({"missing": "mean"}, 4.0),
        ({"missing": "most_frequent"}, 1.0),
        ({"missing": "constant", "fill_value": 7.0}, 7.0),
    ],
)
def test_a_missing_number_becomes_the_median_unless_another_filler_is_chosen(fill, choice, filler):
    np.testing.assert_array_equal(fill("number", [1.0, 1.0, 4.0, 10.0], choice), [[1], [1], [4], [10], [filler]])


@pytest.mark.parametrize(
    ("choice", "days"),
    [
        # The 1st, 1st, 4th and 10th are 0, 0, 3 and 9 days after the first.
        ({}, 1.5),
        ({"missing": "median"}, 1.5),
        ({"missing": "mean"}, 3.0),
        ({"missing": "most_frequent"}, 0.0),
        ({"missing": "constant", "fill_value": "2024-01-10"}, 9.0),
    ],
)
def test_a_missing_date_becomes_the_median_unless_another_filler_is_chosen(fill, choice, days):
    elapsed = fill("day", DAYS, choice)[:, 0]

    np.testing.assert_array_equal(elapsed - elapsed[0], [0, 0, 3, 9, days])
