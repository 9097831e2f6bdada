"""The case table, compared with the catalogue."""

import pytest

from benchmarks.cases import CASES, choose_cases

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_has_a_spec_that_parses(case):
    spec = case.spec

    assert spec.training.plan == "auto"


def test_no_two_cases_share_a_name():
    assert len(BY_NAME) == len(CASES)


def test_the_bars_are_those_of_the_project():
    bars = {case.name: (case.bar, case.cached_bar or case.bar) for case in CASES}

    assert {name: bar for name, bar in bars.items() if bar != (1, 1)} == {
        "cubic-regression": (100, 100),
        "iris-keras": (4, 4),
        "binary-adder": (15, 30),
        "binary-adder-lstm": (10, 10),
        "mnist-mlp": (2, 2),
        "mnist-cnn": (2, 2),
    }


def test_cases_have_the_lengths_of_the_bars():
    lengths = {
        name: (
            BY_NAME[name].spec.training.epochs,
            BY_NAME[name].spec.training.steps,
            BY_NAME[name].spec.training.batch_size,
        )
        for name in ("cubic-regression", "binary-adder", "binary-adder-lstm", "mnist-mlp", "mnist-cnn")
    }

    assert lengths == {
        "cubic-regression": (10_000, None, "full"),
        "binary-adder": (5, None, 2),
        "binary-adder-lstm": (5, None, 2),
        "mnist-mlp": (2, None, 128),
        "mnist-cnn": (None, 60, 128),
    }
    assert BY_NAME["binary-adder-lstm"].spec.model.cell == "lstm"


def test_a_case_is_extrapolated_from_fits_shorter_than_itself():
    for case in CASES:
        if case.stock_lengths is not None:
            shorter, longer = case.stock_lengths
            assert 0 < shorter < longer < case.spec.training.epochs, case.name


def test_only_the_longest_cases_are_extrapolated_unless_quick():
    def extrapolated(**options):
        return [case.name for case in CASES if case.lengths(**options)]

    assert extrapolated(is_quick=False, is_full=False) == ["cubic-regression", "binary-adder-lstm"]
    assert extrapolated(is_quick=True, is_full=False) == [
        "cubic-regression",
        "keras-linear",
        "iris-small",
        "binary-adder",
        "binary-adder-lstm",
    ]
    assert extrapolated(is_quick=False, is_full=True) == []


def test_a_shorter_fit_differs_in_nothing_but_its_epochs():
    case = BY_NAME["cubic-regression"]

    shorter, whole = case.document(500), case.document()

    assert shorter["training"].pop("epochs") == 500
    assert whole["training"].pop("epochs") == 10_000
    assert shorter == whole


def test_cases_are_chosen_by_name_in_the_order_of_the_table():
    assert [case.name for case in choose_cases(["mnist-mlp", "iris-keras"])] == ["iris-keras", "mnist-mlp"]
    assert choose_cases([]) == CASES


def test_an_unknown_case_is_named():
    with pytest.raises(ValueError, match="Unknown case iris-big"):
        choose_cases(["iris-big", "iris-keras"])
