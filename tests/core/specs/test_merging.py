import copy

import pytest

from core.errors import InvalidSpec
from core.nesting import MAX_DEPTH
from core.specs.merging import apply_overrides


@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_rfc_7396_appendix_a(original, patch, result):
    before = copy.deepcopy((original, patch))
    assert apply_overrides(original, patch) == result
    assert (original, patch) == before


def test_an_empty_patch_changes_nothing():
    assert apply_overrides({"a": {"b": [1]}}, {}) == {"a": {"b": [1]}}


def test_a_patch_removes_members_before_it_adds_others():
    original = {"optimizer": {"name": "sgd", "momentum": 0.9}}
    patch = {"optimizer": {"name": "adam", "momentum": None}}
    assert apply_overrides(original, patch) == {"optimizer": {"name": "adam"}}


@pytest.mark.parametrize(("where", "pointer"), [({}, ""), ({"pointer": "/overrides"}, "/overrides")])
def test_a_patch_that_nests_too_deep_is_rejected_as_a_whole(where, pointer):
    patch = {}
    for _ in range(MAX_DEPTH):
        patch = {"a": patch}
    with pytest.raises(InvalidSpec) as caught:
        apply_overrides({}, patch, **where)
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == (pointer, "too_deep")
    assert apply_overrides({}, patch["a"], **where) == patch["a"]
