import pytest

from benchmarks.plan_cases import CASES, choose_plan_cases
from core.experiment import parse_spec


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_has_a_spec_that_leaves_the_plan_open(case):
    assert parse_spec(case.document).training.plan == "auto"


def test_no_two_cases_share_a_name():
    assert len({case.name for case in CASES}) == len(CASES)


def test_only_short_sequences_are_unrolled():
    plans = {case.name: case.plans for case in CASES}

    assert plans["gru-8-every-step"] == ("graph", "graph-unrolled", "xla", "xla-unrolled")
    assert plans["lstm-30"] == ("graph", "graph-unrolled", "xla")
    assert plans["lstm-60"] == ("graph", "xla")


def test_an_unknown_case_is_named():
    with pytest.raises(ValueError, match=r"Unknown case lstm-7\. Choose from lstm-30, "):
        choose_plan_cases(["lstm-30", "lstm-7"])
