import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.specs.metrics import METRICS, find_direction
from core.version_comparison import ABSENT, Verdict, find_differences, judge, select_held_out

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("key", "rises"),
    [
        ("test/accuracy", True),
        ("epoch/validation/r2_score", True),
        ("test/loss", False),
        ("test/mean_absolute_error", False),
        ("test/gradient_norm", None),
        ("accuracy", True),
        ("accuracy/", None),
        ("", None),
    ],
)
def test_the_name_of_a_metric_tells_whether_more_is_better(key, rises):
    assert find_direction(key) is rises


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_direction(name):
    assert find_direction(f"test/{name}") is METRICS[name].rises


@pytest.mark.parametrize(
    ("key", "value", "other", "verdict"),
    [
        ("test/accuracy", 0.9, 0.8, Verdict.BETTER),
        ("test/accuracy", 0.8, 0.9, Verdict.WORSE),
        ("test/loss", 0.8, 0.9, Verdict.BETTER),
        ("test/loss", 0.9, 0.8, Verdict.WORSE),
        ("test/loss", 0.9, 0.9, Verdict.SAME),
        ("test/accuracy", None, 0.9, Verdict.UNKNOWN),
        ("test/accuracy", 0.9, None, Verdict.UNKNOWN),
        ("test/accuracy", math.nan, 0.9, Verdict.UNKNOWN),
        ("test/accuracy", math.inf, 0.9, Verdict.UNKNOWN),
        ("test/loss", 0.9, math.nan, Verdict.UNKNOWN),
        ("test/gradient_norm", 0.9, 0.8, Verdict.UNKNOWN),
    ],
)
def test_values_are_judged_by_the_direction_of_their_metric(key, value, other, verdict):
    assert judge(key, value, other) is verdict


def test_verdicts_are_words_of_the_interface():
    assert list(Verdict) == ["better", "worse", "same", "unknown"]


def test_only_metrics_on_held_out_samples_are_compared():
    metrics = {"train/loss": 1.0, "test/loss": 2.0, "epoch/train/loss": 3.0, "epoch/validation/loss": 4.0}
    assert select_held_out(metrics) == {"epoch/validation/loss": 4.0, "test/loss": 2.0}


def test_differences_are_at_the_deepest_places():
    specs = [
        {"a/b": 1, "layers": [{"units": 8}, {"units": 3}], "seed": 0, "only": {"here": None}},
        {"a/b": 2, "layers": [{"units": 9}, {"units": 3}], "seed": 0},
    ]
    assert list(find_differences(specs)) == [
        ("/a~1b", [1, 2]),
        ("/layers/0/units", [8, 9]),
        ("/only", [{"here": None}, ABSENT]),
    ]


def test_lists_of_different_lengths_differ_as_a_whole():
    assert list(find_differences([{"layers": [1]}, {"layers": [1, 2]}])) == [("/layers", [[1], [1, 2]])]


def test_true_is_not_one():
    assert list(find_differences([{"a": True}, {"a": 1}])) == [("/a", [True, 1])]
    assert list(find_differences([{"a": [[True]]}, {"a": [[1]]}])) == [("/a/0/0", [True, 1])]


@given(documents)
def test_equal_documents_do_not_differ(document):
    assert list(find_differences([document] * 3)) == []


@given(documents, documents)
def test_differences_of_two_documents_are_those_of_the_reverse(one, other):
    there = list(find_differences([one, other]))
    assert [(pointer, values[::-1]) for pointer, values in find_differences([other, one])] == there
    assert bool(there) == (one != other or _has_mixed(one, other))


def _has_mixed(one, other):
    """True if one has true or false where the other has the number."""
    if isinstance(one, bool) != isinstance(other, bool):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return any(_has_mixed(one[name], other[name]) for name in one.keys() & other.keys())
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return any(_has_mixed(*pair) for pair in zip(one, other, strict=True))
    return False
