import pytest

from core.errors import InvalidSpec

TABLE = {"name": "inline", "inputs": [[1.0], [2.0]], "targets": [0, 1]}


@pytest.fixture
def rejections(check, iris):
    """Return the problems of class weights, by class."""

    def find(class_weight, **changes):
        with pytest.raises(InvalidSpec) as caught:
            check(iris({"training": {"class_weight": class_weight}}) | changes)
        return {
            problem.pointer.removeprefix("/training/class_weight"): (problem.detail, problem.code)
            for problem in caught.value.problems
        }

    return find


@pytest.mark.parametrize("weights", ["balanced", {"setosa": 2}, {"setosa": 2.5, "1": 3}, None])
def test_weights_of_existing_classes_are_accepted(check, iris, weights):
    assert check(iris({"training": {"class_weight": weights}})).num_train == 150


def test_an_unknown_class_is_reported_with_the_nearest_label(rejections):
    assert rejections({"setosaa": 1, "3": 2, "versicolor": 1}) == {
        "/setosaa": ("Unknown class 'setosaa'. Did you mean 'setosa'?", "unknown_class"),
        "/3": ("Unknown class '3'. Known here: setosa, versicolor, virginica.", "unknown_class"),
    }


def test_a_number_of_a_class_is_not_guessed_where_labels_are_numbers(rejections, check, iris):
    # Classes 1 and 2.5 have the numbers 0 and 1: `1` is the label, and `0` is none.
    dataset = TABLE | {"class_labels": [1, 2.5]}
    model = {"kind": "mlp", "layers": [{"units": 2, "activation": "softmax"}]}
    assert check(iris({"training": {"class_weight": {"1.0": 50}}}) | {"dataset": dataset, "model": model})
    assert rejections({"0": 50}, dataset=dataset, model=model) == {
        "/0": ("Unknown class '0'. Known here: 1, 2.5.", "unknown_class")
    }


def test_a_pointer_resolves_for_any_class_name(rejections):
    assert list(rejections({"a/b~c": 1})) == ["/a~1b~0c"]


def test_a_class_has_one_weight(rejections):
    assert rejections({"0": 1, "setosa": 2}) == {
        "/setosa": ("'0' and 'setosa' are the same class. Keep one of them.", "class_named_twice")
    }


@pytest.mark.parametrize("weights", ["balanced", {"0": 1}])
def test_class_weights_are_rejected_without_classes(check, line, weights):
    with pytest.raises(InvalidSpec, match="this dataset has no class labels") as caught:
        check(line({"training": {"class_weight": weights}}))
    assert [problem.pointer for problem in caught.value.problems] == ["/training/class_weight"]


def test_the_nearest_of_many_classes_is_not_suggested(rejections):
    dataset = TABLE | {"class_labels": [f"class {number}" for number in range(1000)]}
    model = {"kind": "mlp", "layers": [{"units": 1000, "activation": "softmax"}]}
    found = rejections({f"klass {number}": 1 for number in range(100)}, dataset=dataset, model=model)
    assert len(found) == 20
    assert found["/klass 0"] == (
        "Unknown class 'klass 0'. Use one of the 1,000 labels.",
        "unknown_class",
    )
