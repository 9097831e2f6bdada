import pytest

from trainyard.command_line.specs import apply_patch, build_patch, parse_assignment
from trainyard.errors import InvalidArgument

SPEC = {
    "seed": 0,
    "model": {"layers": [{"units": 40, "activation": "relu"}, {"units": 10}], "kind": "mlp"},
    "training": {"epochs": 5, "optimizer": {"name": "sgd", "learning_rate": 0.1}},
}


def patch(*assignments, start=None):
    return build_patch(assignments, spec=SPEC, patch=start or {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=3", 3),
        ("a.b=0.5", 0.5),
        ("a.b=true", True),
        ("a.b=null", None),
        ("a.b=tanh", "tanh"),
        ('a.b="3"', "3"),
        ("a.b=[1, 2]", [1, 2]),
        ("a.b=x=y", "x=y"),
        ("a.b=", ""),
    ],
)
def test_value_is_json_or_else_a_plain_string(text, value):
    assert parse_assignment(text) == (("a", "b"), value)


@pytest.mark.parametrize("text", ["epochs", "=3", "a..b=1", ".a=1"])
def test_invalid_assignment_is_rejected_with_an_example(text):
    with pytest.raises(InvalidArgument, match=r"training\.epochs=3"):
        parse_assignment(text)


def test_patch_holds_only_what_changes():
    assert patch("training.epochs=3", "seed=1") == {"training": {"epochs": 3}, "seed": 1}


def test_later_assignment_wins():
    assert patch("seed=1", "seed=2") == {"seed": 2}


def test_null_stays_in_the_patch_to_remove_the_field():
    assert patch("training.epochs=null") == {"training": {"epochs": None}}


def test_element_of_a_list_is_changed_by_replacing_the_list():
    assert patch("model.layers.0.units=128", "model.layers.1.units=7") == {
        "model": {"layers": [{"units": 128, "activation": "relu"}, {"units": 7}]}
    }


def test_null_removes_a_field_of_an_element():
    assert patch("model.layers.0.activation=null") == {"model": {"layers": [{"units": 40}, {"units": 10}]}}


def test_whole_element_can_be_replaced():
    assert patch("model.layers.1=5") == {"model": {"layers": [{"units": 40, "activation": "relu"}, 5]}}


@pytest.mark.parametrize("text", ["model.layers.2.units=1", "model.layers.first.units=1", "model.layers.-1.units=1"])
def test_element_that_is_not_there_is_rejected(text):
    with pytest.raises(InvalidArgument, match="list of 2"):
        patch(text)


def test_assignments_come_on_top_of_a_variant():
    variant = {"training": {"optimizer": {"name": "adam"}}, "model": {"layers": [{"units": 1}]}}
    assert patch("training.optimizer.learning_rate=0.5", "model.layers.0.units=2", start=variant) == {
        "training": {"optimizer": {"name": "adam", "learning_rate": 0.5}},
        "model": {"layers": [{"units": 2}]},
    }
    assert variant["model"] == {"layers": [{"units": 1}]}


def test_plain_value_gives_way_to_an_object():
    assert patch("training.epochs.x=1") == {"training": {"epochs": {"x": 1}}}


# The table of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "change", "result"),
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
def test_merge_patch_is_applied_as_in_the_rfc(target, change, result):
    assert apply_patch(target, change) == result
