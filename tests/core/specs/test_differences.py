import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.specs.differences import (
    LONGEST_VALUE,
    MISSING,
    LongValue,
    apply_differences,
    find_differences,
    name_path,
    shorten,
)
from core.specs.list_alignment import align_lists


def differ(*specs):
    return {difference.name: difference.values for difference in find_differences(specs)}


def test_equal_specs_do_not_differ():
    spec = {"seed": 1, "model": {"layers": [{"type": "dense", "units": 3}]}}
    assert differ(spec, copy.deepcopy(spec)) == {}
    assert differ(spec) == {}


def test_only_what_differs_is_listed_by_field():
    one = {"training": {"epochs": 3, "optimizer": {"name": "sgd", "momentum": 0.9}}, "seed": 1}
    two = {"training": {"epochs": 3, "optimizer": {"name": "adam"}}, "seed": 1}
    assert differ(one, two) == {
        "training.optimizer.momentum": (0.9, MISSING),
        "training.optimizer.name": ("sgd", "adam"),
    }


def test_null_is_not_missing():
    assert differ({"a": None}, {}, {"a": None}) == {"a": (None, MISSING, None)}


def test_true_is_not_one_but_one_is_one_point_zero():
    assert differ({"a": True}, {"a": 1}) == {"a": (True, 1)}
    assert differ({"a": [1]}, {"a": [True]}) == {"a": ([1], [True])}
    assert differ({"a": {"b": [1, 2]}}, {"a": {"b": [1.0, 2.0]}}) == {}


def test_lists_of_numbers_differ_as_a_whole():
    assert differ({"input_shape": [28, 28]}, {"input_shape": [28, 32]}) == {"input_shape": ([28, 28], [28, 32])}


def layer(kind, **options):
    return {"type": kind} | options


def test_an_added_layer_is_one_difference_and_shifts_no_other():
    one = {"layers": [layer("conv", filters=8), layer("dense", units=10)]}
    two = {"layers": [layer("conv", filters=8), layer("dropout", rate=0.5), layer("dense", units=20)]}
    assert differ(one, two) == {
        "layers[1]": (MISSING, layer("dropout", rate=0.5)),
        "layers[2].units": (10, 20),
    }


def test_a_layer_of_another_type_is_removed_and_added():
    assert differ({"layers": [layer("lstm", units=4)]}, {"layers": [layer("gru", units=4)]}) == {
        "layers[0]": (layer("lstm", units=4), MISSING),
        "layers[1]": (MISSING, layer("gru", units=4)),
    }


def test_equal_layers_meet_before_layers_of_the_same_type():
    one = [layer("dense", units=1), layer("dense", units=2)]
    two = [layer("dense", units=2), layer("flatten")]
    assert align_lists([one, two], None) == [[one[0], None], [one[1], two[0]], [None, two[1]]]


def test_layers_of_many_specs_lie_side_by_side():
    start, end = layer("conv"), layer("dense")
    lists = [[start, end], [end], [start, layer("pool"), end], [start, end]]
    assert align_lists(lists, None) == [
        [start, None, start, start],
        [None, None, layer("pool"), None],
        [end, end, end, end],
    ]


def test_branches_of_blocks_are_compared_by_their_layers():
    one = {"branches": [[layer("conv", filters=8)], [layer("pool")]]}
    two = {"branches": [[layer("conv", filters=16)], [layer("pool"), layer("conv", filters=4)]]}
    assert differ(one, two) == {
        "branches[0][0].filters": (8, 16),
        "branches[1][1]": (MISSING, layer("conv", filters=4)),
    }


def test_columns_meet_by_name():
    one = {"columns": [{"name": "age"}, {"name": "size", "scale": True}]}
    two = {"columns": [{"name": "size", "scale": False}, {"name": "age"}]}
    assert differ(one, two) == {
        "columns[0]": (MISSING, {"name": "size", "scale": False}),
        "columns[2]": ({"name": "size", "scale": True}, MISSING),
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("a", 0, "b_c"), "a[0].b_c"),
        (("class_weight", "0"), 'class_weight["0"]'),
        (("a", "b.c", "sepal length"), 'a["b.c"]["sepal length"]'),
    ],
)
def test_paths_are_unambiguous(path, name):
    assert name_path(path) == name


def test_long_values_are_compared_but_not_shown():
    rows = [[float(number)] for number in range(1_000)]
    one = shorten({"rows": rows, "name": "ü" * (LONGEST_VALUE + 1)})
    two = shorten({"rows": [*rows[:-1], [0.5]], "name": "ü" * (LONGEST_VALUE + 1)})
    assert isinstance(one["rows"], LongValue)
    assert one["rows"].start.startswith("[[0.0], [1.0]")
    assert list(differ(one, two)) == ["rows"]
    assert differ(one, copy.deepcopy(one)) == {}


def test_short_values_and_layers_are_kept():
    spec = {"layers": [layer("dense", units=4)] * 100, "shape": [28, 28], "name": "x" * (LONGEST_VALUE - 2)}
    assert shorten(spec) == spec


scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", 0.5])
layers = st.fixed_dictionaries({"type": st.sampled_from(["a", "b", "c"])}, optional={"units": scalars, "rate": scalars})
values = st.recursive(
    scalars | st.lists(layers, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "0", "z w"]), inner, max_size=3)
    ),
    max_leaves=12,
)
specs = st.dictionaries(st.sampled_from(["model", "layers", "seed"]), values, max_size=3)


@given(st.lists(specs, min_size=1, max_size=4), st.data())
def test_applying_the_differences_to_one_spec_gives_each_other(given_specs, data):
    differences = find_differences(given_specs)
    source = data.draw(st.integers(0, len(given_specs) - 1))
    before = copy.deepcopy(given_specs)
    for target, spec in enumerate(given_specs):
        assert differ(apply_differences(given_specs[source], differences, source, target), spec) == {}
    assert given_specs == before


@given(st.lists(st.lists(layers, max_size=6), min_size=1, max_size=4))
def test_aligned_lists_are_the_lists_with_gaps(lists):
    rows = align_lists(lists, None)
    assert [[row[place] for row in rows if row[place] is not None] for place in range(len(lists))] == lists
    assert all(any(item is not None for item in row) for row in rows)
    for row in rows:
        assert len({item["type"] for item in row if item is not None}) == 1
